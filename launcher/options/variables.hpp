// SPDX-License-Identifier: Apache-2.0
// launcher/options/variables: what images and sites have set for other launchers.
// A row is a variable and the option that it stands for. The command line wins over it; of several
// variables the later row wins. MCA parameters of files and of --mca come by the same names.
#pragma once

#include "launcher/options/settings.hpp"

#include <map>
#include <span>
#include <string>
#include <string_view>

namespace vrun::launcher {

enum class Meaning : unsigned char {
    value,   // the option's
    number,  // the same, but what is no number is for its own launcher only
    flag,    // the option, if it is true
    word,    // `option` is a prefix of the option that it names: genv + all
};

struct LauncherVariable {
    std::string_view name;
    std::string_view option;
    Meaning meaning = Meaning::value;
};

std::span<const LauncherVariable> launcher_variables() noexcept;

// Read as if they were in the environment, if they are there: (path, prefix of the variables).
// "~/" is the home directory; "$NAME/" that of a variable.
struct ParameterFilePlace {
    std::string_view path;
    std::string_view prefix;
};
std::span<const ParameterFilePlace> parameter_file_places() noexcept;

using VariableMap = std::map<std::string, std::string, std::less<>>;

// What the variables ask for, as words: "--oversubscribe", "--map-by=node"; with the variable.
struct AskedByVariable {
    std::string variable;
    std::string word;
};
std::vector<AskedByVariable> asked_by(const VariableMap& variables);

// As whom vrun was called ("mpiexec.hydra") decides between dialects.
Dialects personality_of_program(std::string_view path) noexcept;

// "ompi", "ompi5", "hydra" …; 0 for others.
Dialects personality_named(std::string_view name) noexcept;

}  // namespace vrun::launcher
