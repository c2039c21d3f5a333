// SPDX-License-Identifier: Apache-2.0
#include "pmi/command.hpp"

#include "pmi/framer.hpp"

#include <algorithm>

namespace vrun::pmi {
namespace {

std::string_view take_word(std::string_view& text, char end) {
    const auto size = text.find(end);
    const std::string_view word = text.substr(0, size);
    text.remove_prefix(size == std::string_view::npos ? text.size() : size + 1);
    return word;
}

Field field_of(std::string_view word) {
    const auto equals = word.find('=');
    if (equals == std::string_view::npos) return {word, {}};
    return {word.substr(0, equals), word.substr(equals + 1)};
}

std::string counted(std::string body) {
    const std::string count = std::to_string(body.size());
    return std::string(count_width - std::min(count.size(), count_width), ' ') + count + body;
}

}  // namespace

std::optional<std::string_view> Command::find(std::string_view key) const {
    const auto found = std::ranges::find(fields, key, &Field::first);
    if (found == fields.end()) return std::nullopt;
    return found->second;
}

std::string_view Command::operator[](std::string_view key) const {
    return find(key).value_or("");
}

std::optional<Command> parse(Dialect dialect, std::string_view message) {
    const char end = dialect == Dialect::pmi1 ? ' ' : ';';
    const Field first = field_of(take_word(message, end));
    if (first.first != "cmd" || first.second.empty()) return std::nullopt;
    Command command{first.second, {}};
    while (!message.empty()) {
        const std::string_view word = take_word(message, end);
        if (!word.empty()) command.fields.push_back(field_of(word));
    }
    return command;
}

std::string encode(Dialect dialect, std::string_view name, std::span<const Field> fields) {
    const char end = dialect == Dialect::pmi1 ? ' ' : ';';
    std::string text = "cmd=" + std::string{name} + end;
    for (const auto& [key, value] : fields)
        text.append(key).append("=").append(value) += end;
    if (dialect == Dialect::pmi2) return counted(std::move(text));
    text.back() = '\n';
    return text;
}

}  // namespace vrun::pmi
