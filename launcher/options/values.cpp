// SPDX-License-Identifier: Apache-2.0
#include "launcher/options/values.hpp"

#include "wire/base/lower.hpp"

#include <algorithm>
#include <charconv>
#include <limits>

namespace vrun::launcher {

std::vector<std::string_view> parts_of(std::string_view text, char separator) {
    std::vector<std::string_view> parts;
    for (;;) {
        const std::size_t end = std::min(text.find(separator), text.size());
        if (end > 0) parts.push_back(text.substr(0, end));
        if (end == text.size()) return parts;
        text.remove_prefix(end + 1);
    }
}

bool same_in_any_case(std::string_view a, std::string_view b) {
    return lower(a) == lower(b);
}

std::optional<Error> set_count(std::uint32_t& target, std::string_view text) {
    constexpr std::uint32_t count_max = std::numeric_limits<std::int32_t>::max();  // MPI's int
    const char* const end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, target);
    if (error == std::errc::result_out_of_range)
        return Error{OptionErrc::count_too_large, std::string{text}};
    if (error != std::errc{} || stop != end || target == 0)
        return Error{OptionErrc::not_a_count, std::string{text}};
    if (target > count_max) return Error{OptionErrc::count_too_large, std::string{text}};
    return std::nullopt;
}

std::optional<Error> set_text(std::string& target, std::string_view text) {
    if (text.empty()) return Error{OptionErrc::empty_value, ""};
    target = text;
    return std::nullopt;
}

std::optional<Error> add_text(std::vector<std::string>& target, std::string_view text) {
    if (text.empty()) return Error{OptionErrc::empty_value, ""};
    target.emplace_back(text);
    return std::nullopt;
}

std::optional<Error> set(bool& target) {
    target = true;
    return std::nullopt;
}

}  // namespace vrun::launcher
