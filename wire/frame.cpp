// SPDX-License-Identifier: Apache-2.0
#include "wire/frame.hpp"

#include <algorithm>
#include <span>

namespace vrun::wire {
namespace {

constexpr std::uint16_t flag_more = 1;

class Category final : public std::error_category {
public:
    const char* name() const noexcept override { return "frame"; }
    std::string message(int value) const override {
        switch (static_cast<FrameErrc>(value)) {
        case FrameErrc::unknown_type:
            return "unknown message type";
        case FrameErrc::unknown_flags:
            return "unknown flags";
        case FrameErrc::too_large:
            return "message larger than the protocol allows";
        case FrameErrc::no_route:
            return "message of a job that names no job";
        }
        return "unknown frame error";
    }
};

template <class Integer>
Integer big_endian(std::span<const std::byte> bytes) noexcept {
    Integer value{};
    for (const std::byte byte : bytes)
        value = static_cast<Integer>(value << 8 | std::to_integer<Integer>(byte));
    return value;
}

template <class Integer>
void put_big_endian(std::span<std::byte> bytes, Integer value) noexcept {
    for (auto byte = bytes.rbegin(); byte != bytes.rend();
         ++byte, value = static_cast<Integer>(value >> 8))
        *byte = static_cast<std::byte>(value & 0xff);
}

}  // namespace

std::error_code make_error_code(FrameErrc value) noexcept {
    static const Category category;
    return {static_cast<int>(value), category};
}

HeaderBytes encode(Header header) noexcept {
    HeaderBytes bytes{};
    const std::span all{bytes};
    put_big_endian(all.first(4), header.size);
    put_big_endian(all.subspan(4, 2), static_cast<std::uint16_t>(header.type));
    put_big_endian(all.subspan(6, 2), static_cast<std::uint16_t>(header.more ? flag_more : 0));
    return bytes;
}

Result<Header> decode(const HeaderBytes& bytes) {
    const std::span all{bytes};
    const auto size = big_endian<std::uint32_t>(all.first(4));
    const auto type = big_endian<std::uint16_t>(all.subspan(4, 2));
    const auto flags = big_endian<std::uint16_t>(all.subspan(6, 2));
    if (type == 0 || type > static_cast<std::uint16_t>(message_type_max))
        return Error{FrameErrc::unknown_type, "read a frame"};
    if (size > frame_size_max) return Error{FrameErrc::too_large, "read a frame"};
    if (flags > flag_more) return Error{FrameErrc::unknown_flags, "read a frame"};
    return Header{static_cast<MessageType>(type), size, flags == flag_more};
}

RouteBytes encode(Route route) noexcept {
    RouteBytes bytes{};
    const std::span all{bytes};
    put_big_endian(all.first(8), route.job);
    put_big_endian(all.subspan(8, 4), route.to);
    put_big_endian(all.subspan(12, 4), route.from);
    return bytes;
}

Route decode_route(const RouteBytes& bytes) noexcept {
    const std::span all{bytes};
    return {big_endian<std::uint64_t>(all.first(8)), big_endian<std::uint32_t>(all.subspan(8, 4)),
            big_endian<std::uint32_t>(all.subspan(12, 4))};
}

}  // namespace vrun::wire
