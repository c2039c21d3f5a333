// SPDX-License-Identifier: Apache-2.0
// launcher/options/command_words: which words are options, their values, and programs.
// Nothing is applied yet: that waits until everything is known, whatever the order. Names take any
// number of dashes; a value follows `=` or is the next word; `--` ends the options; the first word
// without a dash starts a program and a lone `:` the next one. Reads the files of --app,
// -configfile.
#pragma once

#include "launcher/options/option.hpp"

#include <functional>
#include <string>
#include <vector>

namespace vrun::launcher {

using ReadFile = std::function<Result<std::string>(const std::string& path)>;

struct Given {  // an option as it was written
    const Option* option = nullptr;
    std::string spelling;  // "--np"
    std::string value;
};

struct Context {  // one program with its options
    std::vector<Given> options;
    std::vector<std::string> argv;
};

struct CommandWords {
    std::vector<Given> common;  // hold for all programs of a file
    std::vector<Context> contexts;
    std::optional<Error> missing;  // no program: an error unless only a text is wanted
    Dialects personality;          // --personality, or the one that it began with
};

// Empty if the word has no name in any dialect. `name` is without dashes.
Result<CommandWords> split_command_line(std::vector<std::string> words, Dialects personality,
                                        const ReadFile& read_file);

}  // namespace vrun::launcher
