// SPDX-License-Identifier: Apache-2.0
#include "launcher/text_table.hpp"

#include <algorithm>

namespace vrun::launcher {

std::string text_of(const TextTable& rows) {
    std::string text;
    for (const auto& row : rows) {
        std::string line;
        for (std::size_t i = 0; i < row.size(); ++i) {
            std::size_t width = 0;
            for (const auto& other : rows)
                width = std::max(width, other[i].size());
            line += row[i] + std::string(width - row[i].size() + 2, ' ');
        }
        line.resize(line.find_last_not_of(' ') + 1);
        text += line + "\n";
    }
    return text;
}

}  // namespace vrun::launcher
