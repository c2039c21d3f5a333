// SPDX-License-Identifier: Apache-2.0
#include "launcher/options/help.hpp"

#include "launcher/options/table.hpp"

#include <algorithm>

namespace vrun::launcher {
namespace {

std::string help_line(const Option& option) {
    constexpr std::size_t column = 36;
    std::vector<std::string_view> names = names_of(option);
    std::ranges::stable_sort(names, {}, [](std::string_view name) { return name.size() > 1; });
    std::string line = names.front().size() > 1 ? "      " : "  ";
    for (const std::string_view name : names)
        line += dashed(name) + ", ";
    line.resize(line.size() - 2);
    if (!option.value.empty()) line += " " + std::string{option.value};
    if (line.size() + 2 > column) line += "\n";
    const std::size_t start = line.ends_with('\n') ? 0 : line.size();
    line.append(column - start, ' ');
    return line + std::string{option.help} + "\n";
}

}  // namespace

std::string help_text() {
    std::string text =
        "usage: vrun [OPTION]... PROGRAM [ARGUMENT]... [: [OPTION]... PROGRAM [ARGUMENT]...]...\n"
        "Runs PROGRAM as an MPI job on the nodes of the cluster, or on this machine alone.\n";
    for (const Section& section : sections()) {
        std::string lines;
        for (const Option& option : section.options)
            if (option.answer == Answer::done) lines += help_line(option);
        if (!lines.empty()) text += "\n" + std::string{section.title} + ":\n" + lines;
    }
    return text +
           "\nNames take one dash or two; a value is the next word or follows '='. '--' ends the "
           "options.\n"
           "The exit code is 0 if every process returned 0, else that of the first one that "
           "failed\n"
           "(128 + the signal if it was killed).\n";
}

}  // namespace vrun::launcher
