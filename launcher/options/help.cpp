// SPDX-License-Identifier: Apache-2.0
#include "launcher/options/help.hpp"

#include "launcher/options/table.hpp"
#include "launcher/options/values.hpp"

#include <algorithm>

namespace vrun::launcher {
namespace {

constexpr std::size_t column = 36, width = 98;

// `text` from `column` on, in lines of at most `width`.
std::string wrapped(std::string_view text) {
    std::string result;
    std::size_t at = column;
    for (const std::string_view word : parts_of(text, ' ')) {
        if (at > column && at + 1 + word.size() > width) {
            result += "\n" + std::string(column, ' ');
            at = column;
        }
        if (at > column) result += ' ';
        result += word;
        at += word.size() + 1;
    }
    return result;
}

std::string text_of(const Option& option) {
    const std::string help{option.help};
    switch (option.answer) {
    case Answer::done:
        return help;
    case Answer::silent:
        return "does nothing: " + help;
    case Answer::noted:
        return "does nothing, and says so: " + help;
    case Answer::refused:
        return "refused: " + help;
    }
    return help;
}

std::string help_line(const Option& option) {
    std::vector<std::string_view> names = names_of(option);
    std::ranges::stable_sort(names, {}, [](std::string_view name) { return name.size() > 1; });
    std::string line = names.front().size() > 1 ? "      " : "  ";
    for (const std::string_view name : names)
        line += dashed(name) + ", ";
    line.resize(line.size() - 2);
    line += shown_value(option);
    if (line.size() + 2 > column) line += "\n";
    const std::size_t start = line.ends_with('\n') ? 0 : line.size();
    line.append(column - start, ' ');
    return line + wrapped(text_of(option)) + "\n";
}

template <class Predicate>
std::string section_text(const Section& section, Predicate is_shown) {
    std::string lines;
    for (const Option& option : section.options)
        if (is_shown(option)) lines += help_line(option);
    if (lines.empty()) return lines;
    return "\n" + std::string{section.title} + ":\n" + lines;
}

bool is_about(const Option& option, std::string_view topic) {
    const auto names = names_of(option);
    return std::ranges::find(names, topic) != names.end();
}

std::string topic_text(std::string_view topic) {
    topic.remove_prefix(std::min(topic.find_first_not_of('-'), topic.size()));
    std::string text;
    for (const Section& section : sections()) {
        const bool is_section = same_in_any_case(section.title, topic);
        text += section_text(
            section, [&](const Option& option) { return is_section || is_about(option, topic); });
    }
    return text.empty() ? "" : text.substr(1);
}

}  // namespace

std::string help_text(std::string_view program, std::string_view topic) {
    if (std::string text = topic_text(topic); !topic.empty() && !text.empty()) return text;
    std::string text = "usage: " + std::string{program} +
                       " [OPTION]... PROGRAM [ARGUMENT]... [: [OPTION]... PROGRAM [ARGUMENT]...]"
                       "...\nRuns PROGRAM as an MPI job on the nodes of the cluster, or on this "
                       "machine alone.\n";
    for (const Section& section : sections())
        text += section_text(section,
                             [](const Option& option) { return option.answer == Answer::done; });
    return text +
           "\nNames take one dash or two; a value is the next word or follows '='. '--' ends the "
           "options.\n'--help NAME' tells about one option, also of those that mpirun or mpiexec "
           "have and vrun has not.\nThe exit code is 0 if every process returned 0, else that of "
           "the first one that failed\n(128 + the signal if it was killed).\n";
}

}  // namespace vrun::launcher
