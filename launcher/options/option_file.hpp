// SPDX-License-Identifier: Apache-2.0
// launcher/options/option_file: the text of files that hold options or MCA parameters.
// Pure. Empty lines and those that begin with '#' say nothing. Quotes keep a word together, which
// neither mpirun nor mpiexec knows.
#pragma once

#include "launcher/options/settings.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace vrun::launcher {

struct FileLine {
    std::size_t number = 0;  // from 1
    std::string_view text;   // something is in it
};

std::vector<FileLine> lines_of(std::string_view text);

// "-x A='b c' prog" is -x, A=b c, prog.
std::vector<std::string> words_of(std::string_view line);

// "name = value", as in mca-params.conf: a variable `prefix`name each. In a tune file a line may
// also be of -mca NAME VALUE and -x NAME[=VALUE]; other words are passed over, as mpirun does.
std::vector<EnvironmentChange> parameters_of(std::string_view text, ParameterFile::Kind kind,
                                             std::string_view prefix);

}  // namespace vrun::launcher
