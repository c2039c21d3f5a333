// SPDX-License-Identifier: Apache-2.0
// The command line of vrun, a word a line, its own name first. After an empty line its variables,
// after another one the text of every file that it asks for.
#include "launcher/options/parse.hpp"

#include "tests/fuzz/fuzz.hpp"

namespace vrun::fuzz {
namespace {

std::string_view take_until(std::string_view& text, std::string_view end) {
    const std::string_view part = text.substr(0, text.find(end));
    text.remove_prefix(std::min(text.size(), part.size() + end.size()));
    return part;
}

std::vector<std::string> lines_of(std::string_view text) {
    std::vector<std::string> lines;
    while (!text.empty())
        lines.emplace_back(take_until(text, "\n"));
    return lines;
}

}  // namespace
}  // namespace vrun::fuzz

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace vrun;
    std::string_view text = fuzz::text_of(data, size);
    launcher::CommandLine line;
    line.words = fuzz::lines_of(fuzz::take_until(text, "\n\n"));
    if (line.words.empty()) return -1;
    line.program = line.words.front();
    line.words.erase(line.words.begin());
    line.environment = fuzz::lines_of(fuzz::take_until(text, "\n\n"));
    line.read_file = [text](const std::string&) { return Result<std::string>{std::string{text}}; };
    const auto settings = launcher::parse(line);
    if (!settings) fuzz::require(!settings.error().message().empty(), "an error says something");
    return 0;
}
