// SPDX-License-Identifier: Apache-2.0
// wire/frame: the eight bytes in front of every frame, and what makes them valid.
// Pure functions over bytes: no I/O, no allocation, no Asio, so a fuzzer can own them.
// Frames are short, so that a beat never waits behind a long body: `more` says that the body
// goes on in the next frame of this type; the joined body has a limit of its own per message.
#pragma once

#include "wire/base/result.hpp"
#include "wire/message_type.hpp"

#include <array>
#include <cstddef>
#include <cstdint>

namespace vrun::wire {

inline constexpr std::uint32_t frame_size_max = 64u << 10;  // without the header

using HeaderBytes = std::array<std::byte, 8>;  // u32 size, u16 type, u16 flags; big endian

struct Header {
    MessageType type;
    std::uint32_t size;
    bool more = false;
};

enum class FrameErrc { unknown_type = 1, unknown_flags, too_large, no_route };
std::error_code make_error_code(FrameErrc value) noexcept;

HeaderBytes encode(Header header) noexcept;
Result<Header> decode(const HeaderBytes& bytes);

// What every message of a job begins with, after the header: u64 job, u32 to, u32 from; big
// endian. A daemon routes by it and never decodes the rest.
inline constexpr std::size_t route_size = 16;
using RouteBytes = std::array<std::byte, route_size>;

RouteBytes encode(Route route) noexcept;
Route decode_route(const RouteBytes& bytes) noexcept;

}  // namespace vrun::wire

template <>
struct std::is_error_code_enum<vrun::wire::FrameErrc> : std::true_type {};
