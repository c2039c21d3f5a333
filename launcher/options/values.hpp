// SPDX-License-Identifier: Apache-2.0
// launcher/options/values: from an option's value, a text, to a field of Settings.
// What the rows of the tables have in common. Each returns why the text cannot be used.
#pragma once

#include "launcher/options/errors.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace vrun::launcher {

// A positive number that MPI can count.
std::error_code set_count(std::uint32_t& target, std::string_view text);

// Texts must not be empty.
std::error_code set_text(std::string& target, std::string_view text);
std::error_code add_text(std::vector<std::string>& target, std::string_view text);

std::error_code set(bool& target);

}  // namespace vrun::launcher
