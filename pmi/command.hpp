// SPDX-License-Identifier: Apache-2.0
// pmi/command: one message of PMI-1 or PMI-2 as a name and its fields, and back to text.
// PMI-1 is lines, "cmd=get key=a"; PMI-2 counts, "    16cmd=get;key=a;" and answers concurrent
// questions, told apart by "thrid". Pure; what a rank sent is viewed, not copied.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace vrun::pmi {

enum class Dialect { pmi1, pmi2 };

using Field = std::pair<std::string_view, std::string_view>;

struct Command {  // views the text that it was parsed from
    std::string_view name;
    std::vector<Field> fields;  // without "cmd"; a word alone has an empty value

    std::string_view operator[](std::string_view key) const;  // empty: absent
    std::optional<std::string_view> find(std::string_view key) const;
};

// A message without its end or its count. Empty: it does not begin with "cmd=".
std::optional<Command> parse(Dialect dialect, std::string_view message);

// Whole, with the end or the count. Values hold nothing that would end a field.
std::string encode(Dialect dialect, std::string_view name, std::span<const Field> fields);

}  // namespace vrun::pmi
