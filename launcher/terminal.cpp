// SPDX-License-Identifier: Apache-2.0
#include "launcher/terminal.hpp"

#include "launcher/job_words.hpp"
#include "wire/messages/failure.hpp"

#include <cerrno>
#include <cstdio>
#include <system_error>

namespace vrun::launcher {

int Terminal::complain(std::string_view text, int exit_code) const {
    say(escaped_lines(text));
    return exit_code;
}

void Terminal::say(const std::vector<std::string>& lines) const {
    for (const std::string& line : lines)
        std::fprintf(stderr, "%s: %s\n", program_, line.c_str());
}

int Terminal::print(const std::string& text) const {
    const bool written = std::fputs(text.c_str(), stdout) >= 0 && std::fflush(stdout) == 0;
    if (written) return 0;
    return complain("writing standard output: " + std::generic_category().message(errno),
                    wire::exit_code::output_failed);
}

}  // namespace vrun::launcher
