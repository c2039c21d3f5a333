// SPDX-License-Identifier: Apache-2.0
// wire/bytes: the one type for bytes in memory, and views of text as bytes.
// No ownership beyond std::vector; conversions copy unless they say view.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace vrun::wire {

using Bytes = std::vector<std::byte>;

inline Bytes bytes_of(std::string_view text) {
    const auto bytes = std::as_bytes(std::span{text});
    return {bytes.begin(), bytes.end()};
}

inline std::string_view view_as_text(std::span<const std::byte> bytes) noexcept {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace vrun::wire
