// SPDX-License-Identifier: Apache-2.0
#include "launcher/options/values.hpp"

#include <charconv>
#include <limits>

namespace vrun::launcher {

std::error_code set_count(std::uint32_t& target, std::string_view text) {
    constexpr std::uint32_t count_max = std::numeric_limits<std::int32_t>::max();  // MPI's int
    const char* const end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, target);
    if (error == std::errc::result_out_of_range) return OptionErrc::count_too_large;
    if (error != std::errc{} || stop != end || target == 0) return OptionErrc::not_a_count;
    return target > count_max ? OptionErrc::count_too_large : std::error_code{};
}

std::error_code set_text(std::string& target, std::string_view text) {
    if (text.empty()) return OptionErrc::empty_value;
    target = text;
    return {};
}

std::error_code add_text(std::vector<std::string>& target, std::string_view text) {
    if (text.empty()) return OptionErrc::empty_value;
    target.emplace_back(text);
    return {};
}

std::error_code set(bool& target) {
    target = true;
    return {};
}

}  // namespace vrun::launcher
