// SPDX-License-Identifier: Apache-2.0
// wire/base/words: the words and numbers of a line.
#pragma once

#include <algorithm>
#include <charconv>
#include <optional>
#include <string_view>

namespace vrun {

// What lies before the first `separator`; `rest` begins behind it.
inline std::string_view take_word(std::string_view& rest, char separator) {
    const std::size_t end = std::min(rest.find(separator), rest.size());
    const std::string_view word = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    return word;
}

// The whole text as a number; empty if it is none, or one that does not fit.
template <class Number>
std::optional<Number> number_in(std::string_view text) {
    Number value{};
    const char* const end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, value);
    if (error != std::errc{} || stop != end) return std::nullopt;
    return value;
}

}  // namespace vrun
