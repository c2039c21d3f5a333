// SPDX-License-Identifier: Apache-2.0
#include "launcher/options/manual.hpp"

#include "launcher/options/manual_words.hpp"
#include "launcher/options/table.hpp"
#include "launcher/options/values.hpp"
#include "launcher/options/variables.hpp"

namespace vrun::launcher {
namespace {

std::string dialect_words(Dialects dialects) {
    if (dialects == every_dialect) return "all";
    std::string words;
    if ((dialects & openmpi) == openmpi)
        words = "Open MPI";
    else if ((dialects & openmpi4) != 0)
        words = "Open MPI 4";
    else if ((dialects & openmpi5) != 0)
        words = "Open MPI 5";
    if ((dialects & hydra) != 0) words += words.empty() ? "Hydra" : ", Hydra";
    return words;
}

std::string answer_words(const Option& option) {
    switch (option.answer) {
    case Answer::done:
        return std::string{option.help};
    case Answer::silent:
        return "Accepted: " + std::string{option.help} + ".";
    case Answer::noted:
        return "Accepted, with a note: " + std::string{option.help} + ".";
    case Answer::refused:
        return "Refused: " + std::string{option.help} + ".";
    }
    return "";
}

std::string replaced(std::string text, std::string_view from, std::string_view to) {
    for (std::size_t at = 0; (at = text.find(from, at)) != text.npos; at += to.size())
        text.replace(at, from.size(), to);
    return text;
}

std::string names_words(const Option& option, std::string_view quote) {
    std::string words;
    for (const std::string_view name : names_of(option))
        words +=
            (words.empty() ? "" : ", ") + std::string{quote} + dashed(name) + std::string{quote};
    return words;
}

std::string table_row(const Option& option) {
    std::string row = "| " + names_words(option, "`");
    row += replaced(shown_value(option), "|", "\\|");
    row += " | " + dialect_words(option.dialects);
    row += option.scope == Scope::app && option.answer == Answer::done ? " | program" : " | job";
    return row + " | " + replaced(answer_words(option), "|", "\\|") + " |\n";
}

std::string roff(std::string text) {
    text = replaced(std::move(text), "\\", "\\e");
    text = replaced(std::move(text), "-", "\\-");
    text = replaced(std::move(text), "…", "...");
    return text.starts_with('.') || text.starts_with('\'') ? "\\&" + text : text;
}

std::string manual_entry(const Option& option) {
    std::string entry = ".TP\n.B " + roff(names_words(option, ""));
    if (!option.value.empty()) entry += "\\fI" + roff(shown_value(option)) + "\\fR";
    return entry + "\n" + roff(answer_words(option)) + "\n";
}

}  // namespace

std::string options_markdown() {
    std::string text{markdown_start};
    for (const Section& section : sections()) {
        text += "\n## " + std::string{section.title} +
                "\n\n| option | in | of | what it does |\n| --- | --- | --- | --- |\n";
        for (const Option& option : section.options)
            text += table_row(option);
    }
    text += markdown_variables;
    for (const LauncherVariable& variable : launcher_variables())
        text += "| `" + std::string{variable.name} + "` | `--" + std::string{variable.option} +
                (variable.meaning == Meaning::word ? "all`, `--genvnone` |\n" : "` |\n");
    return text + std::string{markdown_end};
}

std::string manual_page(const std::string& program) {
    std::string text = ".TH " + program + " 1\n.SH NAME\n" + program +
                       " \\- run an MPI program on the nodes of a cluster\n.SH SYNOPSIS\n.B " +
                       program + "\n" + std::string{manual_start};
    for (const Section& section : sections()) {
        text += ".SS " + std::string{section.title} + "\n";
        for (const Option& option : section.options)
            text += manual_entry(option);
    }
    return text + std::string{manual_end};
}

}  // namespace vrun::launcher
