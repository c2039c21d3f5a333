// SPDX-License-Identifier: Apache-2.0
// launcher/options/parse: a command line, with what images have set, becomes Settings.
// Splits the words, reads the files that they name, then applies: what variables and parameter
// files ask for, then the options in their order. An unusable argument is an Error that names it.
// Prints nothing, and reads files only through the function given.
#pragma once

#include "launcher/options/command_words.hpp"

namespace vrun::launcher {

struct CommandLine {
    std::string program = "vrun";               // argv[0]: its name decides between dialects
    std::vector<std::string> words = {};        // the rest of argv
    std::vector<std::string> environment = {};  // NAME=VALUE
    ReadFile read_file = {};                    // as the user; for option and parameter files
};

Result<Settings> parse(const CommandLine& line);

}  // namespace vrun::launcher
