// SPDX-License-Identifier: Apache-2.0
// launcher/options/help: the tables as text for a terminal.
// Options that do nothing here are left out of the whole list; asked for by name they are told.
#pragma once

#include <string>
#include <string_view>

namespace vrun::launcher {

// `topic` is an option or the title of a section, or empty. `program`: as the user called it.
std::string help_text(std::string_view program, std::string_view topic);

}  // namespace vrun::launcher
