// SPDX-License-Identifier: Apache-2.0
// launcher/options/manual_words: what stands around the tables in documents and completions.
// The words are in manual_words.cpp.
#pragma once

#include <string_view>

namespace vrun::launcher {

extern const std::string_view markdown_start, markdown_variables, markdown_end;
extern const std::string_view manual_start, manual_end;
extern const std::string_view bash_start, bash_middle, bash_end;
extern const std::string_view zsh_start, zsh_end;

}  // namespace vrun::launcher
