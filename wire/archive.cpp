// SPDX-License-Identifier: Apache-2.0
#include "wire/archive.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

namespace vrun::wire {
namespace {

class Category final : public std::error_category {
public:
    const char* name() const noexcept override { return "body"; }
    std::string message(int value) const override {
        static constexpr std::array names{"no error",          "cut short",
                                          "a count too large", "nested too deeply",
                                          "an invalid value",  "bytes left over"};
        return names.at(static_cast<std::size_t>(value));
    }
};

}  // namespace

std::error_code make_error_code(BodyErrc value) noexcept {
    static const Category category;
    return {static_cast<int>(value), category};
}

void refuse(BodyErrc reason) {
    throw std::system_error{reason, "decode a message"};
}

BoundedInputArchive::BoundedInputArchive(std::span<const std::byte> bytes)
    : InputArchive{this}, left_{bytes} {
    std::uint8_t little_endian = 0;
    read(&little_endian, 1, 1);
    if (little_endian != 1) refuse(BodyErrc::bad_value);
}

void BoundedInputArchive::read(void* target, std::size_t size, std::size_t width) {
    if (size > left_.size()) refuse(BodyErrc::truncated);
    if (size == 0) return;  // the data() of an empty vector is null, which memcpy must not see
    std::memcpy(target, left_.data(), size);
    left_ = left_.subspan(size);
    if constexpr (std::endian::native == std::endian::big)
        for (auto* value = static_cast<std::byte*>(target); size > 0; value += width, size -= width)
            std::reverse(value, value + width);
}

std::size_t BoundedInputArchive::read_count(std::size_t bytes_each) {
    std::uint64_t count = 0;
    read(&count, sizeof count, sizeof count);
    if (count > left_.size() / bytes_each) refuse(BodyErrc::count_too_large);
    return static_cast<std::size_t>(count);
}

void BoundedInputArchive::enter() {
    if (++depth_ > nesting_max) refuse(BodyErrc::too_deep);
}

void BoundedInputArchive::finish() const {
    if (!left_.empty()) refuse(BodyErrc::trailing_bytes);
}

void load(BoundedInputArchive& archive, bool& value) {
    std::uint8_t byte = 0;
    archive.read(&byte, 1, 1);
    if (byte > 1) refuse(BodyErrc::bad_value);
    value = byte == 1;
}

OutputArchive::OutputArchive()
    : cereal::OutputArchive<OutputArchive, cereal::AllowEmptyClassElision>{this} {
    const std::uint8_t little_endian = 1;
    write(&little_endian, 1, 1);
}

void OutputArchive::write(const void* source, std::size_t size, std::size_t width) {
    const auto* first = static_cast<const std::byte*>(source);
    const auto start = static_cast<std::ptrdiff_t>(bytes_.size());
    bytes_.insert(bytes_.end(), first, first + size);
    if constexpr (std::endian::native == std::endian::big)
        for (auto at = bytes_.begin() + start; at != bytes_.end();
             at += static_cast<std::ptrdiff_t>(width))
            std::reverse(at, at + static_cast<std::ptrdiff_t>(width));
}

}  // namespace vrun::wire
