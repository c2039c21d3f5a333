// SPDX-License-Identifier: Apache-2.0
// launcher/options/parse: a command line becomes Settings.
// Names take any number of dashes, a value follows `=` or is the next word, `--` ends the options,
// the first word without a dash starts a program and a lone `:` the next one (MPMD).
// An unusable argument is an Error that names it; nothing is read or printed here.
#pragma once

#include "launcher/options/errors.hpp"
#include "launcher/options/settings.hpp"
#include "wire/base/result.hpp"

#include <span>

namespace vrun::launcher {

// `arguments` is argv without the program's own name.
Result<Settings> parse(std::span<const char* const> arguments);

}  // namespace vrun::launcher
