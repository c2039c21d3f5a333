// SPDX-License-Identifier: Apache-2.0
#include "launcher/options/output.hpp"

#include "launcher/options/sections.hpp"
#include "launcher/options/values.hpp"
#include "wire/base/lower.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <filesystem>

namespace vrun::launcher {
namespace {

using Shape = OutputStyle::Shape;

constexpr std::string_view openmpi4_tag = "[1,%r]<%s>:", openmpi4_time = "%t";

Error not_known(std::string_view word) {
    return {OptionErrc::not_an_output, std::string{word}};
}

std::string without_specifiers(std::string_view path) {  // a name is no pattern
    std::string result;
    for (const char c : path)
        result.append(c == '%' ? 2 : 1, c);
    return result;
}

// PATH[:QUALIFIER]: both streams, in files that the ranks' working directory has no part in.
std::optional<Error> set_files(OutputSettings& output, std::string_view text,
                               std::string_view pattern) {
    const std::string_view path = text.substr(0, text.find(':'));
    if (path.empty()) return Error{OptionErrc::empty_value, std::string{text}};
    const std::string whole = without_specifiers(std::filesystem::absolute(path).string());
    output.out_files = output.err_files = whole + std::string{pattern};
    const std::string_view qualifier = text.substr(std::min(text.size(), path.size() + 1));
    const std::string word = lower(qualifier);
    if (word == "nocopy") output.shows_out = output.shows_err = false;
    const bool is_known = word.empty() || word == "nocopy" || word == "copy" || word == "raw";
    return is_known ? std::nullopt : std::optional{not_known(qualifier)};
}

std::optional<Error> set_pattern(std::string& target, std::string_view text, bool is_path) {
    if (text.empty()) return Error{OptionErrc::empty_value, ""};
    const std::string_view unknown = unknown_specifier(text, is_path);
    if (!unknown.empty()) return Error{OptionErrc::not_a_specifier, std::string{unknown}};
    target = text;
    return std::nullopt;
}

std::optional<Error> set_file_pattern(std::string& target, bool& shows, std::string_view text) {
    shows = false;
    return set_pattern(target, text, /*is_path=*/true);
}

struct OutputWord {
    std::string_view name;
    void (*apply)(Settings&);
};

constexpr std::array output_words{
    OutputWord{"tag", [](Settings& s) { s.output.tag = "[1,%r]<%s>: "; }},
    OutputWord{"tag-detailed", [](Settings& s) { s.output.tag = "[1,%r][%h]<%s>: "; }},
    OutputWord{"tag-fullname", [](Settings& s) { s.output.tag = "[%j,%r]<%s>: "; }},
    OutputWord{"rank", [](Settings& s) { s.output.tag = "[%r]<%s>: "; }},
    OutputWord{"timestamp", [](Settings& s) { s.output.time = "[%t]"; }},
    OutputWord{"xml", [](Settings& s) { s.output.shape = Shape::xml; }},
    OutputWord{"json", [](Settings& s) { s.output.shape = Shape::json; }},
    OutputWord{"merge-stderr-to-stdout", [](Settings& s) { s.streams.merge_stderr = true; }},
};

// As few letters as name one word are enough.
std::optional<Error> apply_word(Settings& settings, std::string_view text) {
    const std::string word = lower(text);
    const OutputWord* found = nullptr;
    for (const OutputWord& known : output_words) {
        if (word.empty() || !known.name.starts_with(word)) continue;
        const bool is_exact = known.name == word;
        if (found && !is_exact)
            return found->name == word ? std::nullopt : std::optional{not_known(text)};
        found = &known;
        if (is_exact) break;
    }
    if (!found) return not_known(text);
    found->apply(settings);
    return std::nullopt;
}

// dir=PATH, file=PATH, with qualifiers after ':'; or a word.
std::optional<Error> apply_directive(Settings& settings, std::string_view text) {
    const std::size_t equals = text.find('=');
    const std::string key = lower(text.substr(0, equals));
    const bool is_directory = key == "dir" || key == "directory";
    const bool is_file = key == "file" || key == "filename";
    if (equals == text.npos || !(is_directory || is_file)) return apply_word(settings, text);
    return set_files(settings.output, text.substr(equals + 1),
                     is_directory ? "/%j/rank.%R/%s" : ".%R");
}

std::optional<Error> apply_directives(Settings& settings, std::string_view text) {
    while (!text.empty()) {
        const std::string_view word = text.substr(0, text.find(','));
        if (auto error = apply_directive(settings, word)) return error;
        text.remove_prefix(std::min(text.size(), word.size() + 1));
    }
    return std::nullopt;
}

std::optional<Error> set_input(wire::Streams& streams, std::string_view text) {
    if (text == "all" || text == "none") {
        streams.input_to = text == "all" ? wire::InputTo::all : wire::InputTo::none;
        return std::nullopt;
    }
    streams.input_to = wire::InputTo::one;
    const char* const end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, streams.input_rank);
    if (error == std::errc{} && stop == end) return std::nullopt;
    return Error{OptionErrc::not_a_reader, std::string{text}};
}

// clang-format off
constexpr std::array table{
    Option{"stdin", "RANK|all|none", openmpi, Scope::job,
           "who reads standard input (default: rank 0)",
           [](Settings& s, std::string_view v) { return set_input(s.streams, v); }},
    Option{"prepend-rank l", "", every_dialect, Scope::job,
           "put [RANK] before each line",
           [](Settings& s, std::string_view) { return set_to<std::string>(s.output.tag, "[%r] "); }},
    Option{"prepend-pattern", "PATTERN", every_dialect, Scope::job,
           "put PATTERN before each line: %r rank, %h host, %s stream, %t time",
           [](Settings& s, std::string_view v) { return set_pattern(s.output.tag, v, false); }},
    Option{"tag-output", "", openmpi, Scope::job,
           "put [1,RANK]<STREAM>: before each line",
           [](Settings& s, std::string_view) { return set_to(s.output.tag, std::string{openmpi4_tag}); }},
    Option{"timestamp-output", "", openmpi, Scope::job,
           "put the time before each line",
           [](Settings& s, std::string_view) { return set_to(s.output.time, std::string{openmpi4_time}); }},
    Option{"merge-stderr-to-stdout", "", openmpi, Scope::job,
           "standard error goes where standard output goes, in order",
           [](Settings& s, std::string_view) { return set(s.streams.merge_stderr); }},
    Option{"output-filename", "DIR[:nocopy]", openmpi, Scope::job,
           "write DIR/1/rank.RANK/stdout and stderr; with nocopy, only there",
           [](Settings& s, std::string_view v) { return set_files(s.output, v, "/1/rank.%R/%s"); }},
    Option{"outfile-pattern", "PATTERN", every_dialect, Scope::job,
           "standard output goes to files of this name: %r rank, %h host",
           [](Settings& s, std::string_view v) { return set_file_pattern(s.output.out_files, s.output.shows_out, v); }},
    Option{"errfile-pattern", "PATTERN", every_dialect, Scope::job,
           "standard error goes to files of this name",
           [](Settings& s, std::string_view v) { return set_file_pattern(s.output.err_files, s.output.shows_err, v); }},
    Option{"output", "WORD,...", every_dialect, Scope::job,
           "tag, rank, timestamp, json, xml, merge, dir=DIR, file=NAME (docs/output.md)",
           [](Settings& s, std::string_view v) { return apply_directives(s, v); }},
    Option{"xml", "", openmpi, Scope::job,
           "write an XML element for each line",
           [](Settings& s, std::string_view) { return set_to(s.output.shape, Shape::xml); }},
    refused("xml-file", "FILE", openmpi, "redirect instead: --xml PROGRAM > FILE"),
    noted("stream-buffering", "0|1|2", openmpi5,
          "a process buffers its output as its library does; vrun passes on what it writes"),
    refused("xterm", "RANKS", openmpi,
            "there is no terminal on the other hosts; -l marks lines, --output-filename parts "
            "them"),
};
// clang-format on

}  // namespace

OutputPlan output_plan_of(const OutputSettings& settings, bool wants_color) {
    OutputPlan plan;
    plan.style.shape = settings.shape;
    plan.style.prefix = settings.time + settings.tag;
    if (settings.tag.empty() && !settings.time.empty())
        plan.style.prefix += settings.time == openmpi4_time ? "<%s>:" : "<%s>: ";
    plan.style.color = wants_color;
    plan.files = {settings.out_files, settings.err_files};
    plan.shows_out = settings.shows_out;
    plan.shows_err = settings.shows_err;
    return plan;
}

Section output_section() {
    return {"Output and input", table};
}

}  // namespace vrun::launcher
