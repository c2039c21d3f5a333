// SPDX-License-Identifier: Apache-2.0
// launcher/options/values: from an option's value, a text, to a field of Settings.
// What the rows of the tables have in common. What they return is why the text cannot be used,
// and names the text alone: the parser puts the option before it.
#pragma once

#include "launcher/options/errors.hpp"
#include "wire/base/result.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace vrun::launcher {

// A positive number that MPI can count.
std::optional<Error> set_count(std::uint32_t& target, std::string_view text);

// Texts must not be empty.
std::optional<Error> set_text(std::string& target, std::string_view text);
std::optional<Error> add_text(std::vector<std::string>& target, std::string_view text);

std::vector<std::string_view> parts_of(std::string_view text, char separator);
bool same_in_any_case(std::string_view a, std::string_view b);

// For switches: what a row's function returns.
std::optional<Error> set(bool& target);
template <class T>
std::optional<Error> set_to(T& target, T value) {
    target = value;
    return std::nullopt;
}

}  // namespace vrun::launcher
