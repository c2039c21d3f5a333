// SPDX-License-Identifier: Apache-2.0
#include "launcher/options/option_file.hpp"

#include <algorithm>

namespace vrun::launcher {
namespace {

constexpr std::string_view blanks = " \t\r\v\f";

std::string_view trimmed(std::string_view text) {
    const std::size_t start = text.find_first_not_of(blanks);
    if (start == text.npos) return {};
    return text.substr(start, text.find_last_not_of(blanks) - start + 1);
}

EnvironmentChange export_of(std::string_view word) {
    const std::size_t equals = word.find('=');
    if (equals == word.npos) return {EnvironmentChange::Kind::pass, std::string{word}, ""};
    return {EnvironmentChange::Kind::set, std::string{word.substr(0, equals)},
            std::string{word.substr(equals + 1)}};
}

void add_tuned(std::vector<EnvironmentChange>& changes, const std::vector<std::string>& words,
               std::string_view prefix) {
    for (std::size_t i = 0; i + 1 < words.size(); ++i) {
        const std::string_view name = std::string_view{words[i]}.substr(
            std::min(words[i].find_first_not_of('-'), words[i].size()));
        if (name == "x") changes.push_back(export_of(words[++i]));
        if ((name == "mca" || name == "gmca") && i + 2 < words.size()) {
            changes.push_back(
                {EnvironmentChange::Kind::set, std::string{prefix} + words[i + 1], words[i + 2]});
            i += 2;
        }
    }
}

}  // namespace

std::vector<FileLine> lines_of(std::string_view text) {
    std::vector<FileLine> lines;
    for (std::size_t number = 1; !text.empty(); ++number) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        const std::string_view line = trimmed(text.substr(0, end));
        if (!line.empty() && line.front() != '#') lines.push_back({number, line});
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return lines;
}

std::vector<std::string> words_of(std::string_view line) {
    std::vector<std::string> words;
    bool in_word = false;
    char quote = 0;
    for (const char c : line) {
        if (!quote && blanks.find(c) != blanks.npos) {
            in_word = false;
            continue;
        }
        if (!in_word) words.emplace_back();
        in_word = true;
        if (quote ? c == quote : c == '"' || c == '\'') {
            quote = quote ? 0 : c;
        } else {
            words.back() += c;
        }
    }
    return words;
}

std::vector<EnvironmentChange> parameters_of(std::string_view text, ParameterFile::Kind kind,
                                             std::string_view prefix) {
    std::vector<EnvironmentChange> changes;
    for (const FileLine& line : lines_of(text)) {
        if (kind == ParameterFile::Kind::tune && line.text.front() == '-') {
            add_tuned(changes, words_of(line.text), prefix);
            continue;
        }
        const std::size_t equals = line.text.find('=');
        if (equals == line.text.npos) continue;
        changes.push_back({EnvironmentChange::Kind::set,
                           std::string{prefix} + std::string{trimmed(line.text.substr(0, equals))},
                           std::string{trimmed(line.text.substr(equals + 1))}});
    }
    return changes;
}

}  // namespace vrun::launcher
