// SPDX-License-Identifier: Apache-2.0
// vrun-option-texts: prints one of the documents that are made from the tables of options.
// Runs during the build; not installed.
#include "launcher/options/manual.hpp"

#include <cstdio>
#include <string_view>

int main(int argc, char** argv) {
    const std::string_view what = argc > 1 ? argv[1] : "";
    std::string text;
    if (what == "markdown") text = vrun::launcher::options_markdown();
    if (what == "man") text = vrun::launcher::manual_page(argc > 2 ? argv[2] : "vrun");
    if (what == "bash") text = vrun::launcher::bash_completion();
    if (what == "zsh") text = vrun::launcher::zsh_completion();
    if (text.empty()) {
        std::fputs("usage: vrun-option-texts markdown|man [PROGRAM]|bash|zsh\n", stderr);
        return 2;
    }
    return std::fputs(text.c_str(), stdout) < 0 || std::fflush(stdout) != 0 ? 74 : 0;
}
