// SPDX-License-Identifier: Apache-2.0
// launcher/options/table: all rows of all sections, and how a name finds its row.
// A personality decides between dialects: its own names first, exactly as typed; then the others';
// Hydra's names match in any case when nothing matches exactly.
#pragma once

#include "launcher/options/option.hpp"

#include <string>
#include <vector>

namespace vrun::launcher {

// In the order in which help shows them.
std::span<const Section> sections();

// The names of an option, one by one.
std::vector<std::string_view> names_of(const Option& option);

// What follows a name where it is explained: " VALUE", "[=VALUE]" or nothing.
std::string shown_value(const Option& option);
bool takes_next_word(const Option& option);

// The words of `value`: 0, 1 or 2.
std::size_t value_words(const Option& option);

// Why a refused option is refused: a code whose message is the row's text.
std::error_code refusal_code(const Option& option);

// Null if there is none. `name` is without dashes.
const Option* find_option(std::string_view name, Dialects personality = openmpi4);

// The known name that needs the fewest changes to become `name`; empty if all are far away.
std::string_view nearest_option(std::string_view name);

// "-n" or "--host": the usual spelling.
std::string dashed(std::string_view name);

}  // namespace vrun::launcher
