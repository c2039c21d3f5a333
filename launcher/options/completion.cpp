// SPDX-License-Identifier: Apache-2.0
#include "launcher/options/manual.hpp"
#include "launcher/options/manual_words.hpp"
#include "launcher/options/table.hpp"
#include "launcher/options/values.hpp"

#include <set>

namespace vrun::launcher {
namespace {

// What can be completed after an option: "files", "directories", or its words.
std::string completion_of(const Option& option) {
    if (option.value.starts_with("FILE")) return "files";
    if (option.value.starts_with("DIR")) return "directories";
    if (option.value.find('|') == option.value.npos) return "";
    std::string words;
    for (const std::string_view word : parts_of(option.value, '|'))
        words += (words.empty() ? "" : " ") + std::string{word};
    return words;
}

bool is_offered(const Option& option) {
    return option.answer == Answer::done || option.answer == Answer::silent;
}

// One case of a shell's `case`: -a|--bee) reply; taken from the first row that has the name.
std::string shell_case(const Option& option, std::string_view reply) {
    std::string patterns;
    for (const std::string_view name : names_of(option))
        patterns += (patterns.empty() ? "" : "|") + ("-" + std::string{name}) +
                    (name.size() > 1 ? "|--" + std::string{name} : "");
    return "        " + patterns + ") " + std::string{reply} + ";;\n";
}

std::string bash_reply(const Option& option) {
    const std::string what = completion_of(option);
    if (what == "files") return "COMPREPLY=($(compgen -f -- \"$word\")) ";
    if (what == "directories") return "COMPREPLY=($(compgen -d -- \"$word\")) ";
    return what.empty() ? "" : "COMPREPLY=($(compgen -W '" + what + "' -- \"$word\")) ";
}

struct OfferedName {
    const Option& option;
    std::string_view name;
};

// Each name once: of two dialects, the first row's.
std::vector<OfferedName> offered_names() {
    std::vector<OfferedName> offered;
    std::set<std::string_view> seen;
    for (const Section& section : sections())
        for (const Option& option : section.options)
            for (const std::string_view name : names_of(option))
                if (is_offered(option) && seen.insert(name).second)
                    offered.push_back({option, name});
    return offered;
}

std::string zsh_argument(const Option& option, std::string_view name) {
    std::string help;
    for (const char c : option.help) {
        if (c == '[' || c == ']' || c == ':' || c == '\\') help += '\\';
        help += c == '\'' ? '"' : c;
    }
    std::string argument = "    '*" + dashed(name) + "[" + help + "]";
    const std::string what = completion_of(option);
    if (!takes_next_word(option)) return argument + "'\n";
    argument += ":value:";
    if (what == "files") argument += "_files";
    if (what == "directories") argument += "_directories";
    if (what.find(' ') != what.npos) argument += "(" + what + ")";
    return argument + "'\n";
}

}  // namespace

std::string bash_completion() {
    std::string text{bash_start};
    for (const Section& section : sections())
        for (const Option& option : section.options)
            if (is_offered(option) && takes_next_word(option))
                text += shell_case(option, bash_reply(option));
    std::string names;
    for (const OfferedName& offered : offered_names())
        names += (names.empty() ? "" : " ") + dashed(offered.name);
    return text + std::string{bash_middle} + names + std::string{bash_end};
}

std::string zsh_completion() {
    std::string text{zsh_start};
    for (const OfferedName& offered : offered_names())
        text += zsh_argument(offered.option, offered.name);
    return text + std::string{zsh_end};
}

}  // namespace vrun::launcher
