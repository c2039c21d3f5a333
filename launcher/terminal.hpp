// SPDX-License-Identifier: Apache-2.0
// launcher/terminal: the plain words of vrun and vrunctl before and beside a job.
// What a job prints goes through launcher/output_writer instead; these calls may block.
// Messages begin with the program's name, are escaped, and come with their exit code.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace vrun::launcher {

class Terminal {
public:
    explicit Terminal(const char* program) : program_{program} {}

    // On standard error, line by line; returns the exit code, for `return terminal.complain(…)`.
    int complain(std::string_view text, int exit_code) const;

    // On standard error; the lines are escaped.
    void say(const std::vector<std::string>& lines) const;

    // On standard output; 0, or the exit code for an output that cannot be written.
    int print(const std::string& text) const;

private:
    const char* program_;
};

}  // namespace vrun::launcher
