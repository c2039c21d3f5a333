// SPDX-License-Identifier: Apache-2.0
// launcher/text_table: rows as text, in columns as wide as their widest cell.
// Pure; the cells are escaped already and have no line breaks.
// Rows have the same number of cells.
#pragma once

#include <string>
#include <vector>

namespace vrun::launcher {

using TextTable = std::vector<std::vector<std::string>>;

std::string text_of(const TextTable& rows);

}  // namespace vrun::launcher
