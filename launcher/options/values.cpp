// SPDX-License-Identifier: Apache-2.0
#include "launcher/options/values.hpp"

#include <charconv>
#include <limits>

namespace vrun::launcher {

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
