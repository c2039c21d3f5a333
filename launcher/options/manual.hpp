// SPDX-License-Identifier: Apache-2.0
// launcher/options/manual: the tables as documents.
// docs/options.md, the manual page and the completions of bash and zsh; vrun-option-texts is the
// program that writes them. A change of a row changes all of them.
#pragma once

#include <string>

namespace vrun::launcher {

std::string options_markdown();
std::string manual_page(const std::string& program);  // roff, for man(1)
std::string bash_completion();
std::string zsh_completion();

}  // namespace vrun::launcher
