// SPDX-License-Identifier: Apache-2.0
// wire/base/lower: ASCII letters in lower case, whatever the locale; other bytes stay.
#pragma once

#include <string>
#include <string_view>

namespace vrun {

constexpr char lower(char c) noexcept {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

inline std::string lower(std::string_view text) {
    std::string result{text};
    for (char& c : result)
        c = lower(c);
    return result;
}

}  // namespace vrun
