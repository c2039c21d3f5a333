// SPDX-License-Identifier: Apache-2.0
// launcher/options/help: the tables as text for a terminal.
#pragma once

#include <string>

namespace vrun::launcher {

std::string help_text();

}  // namespace vrun::launcher
