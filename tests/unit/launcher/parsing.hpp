// SPDX-License-Identifier: Apache-2.0
// tests/unit/launcher/parsing: command lines for tests of what their words mean.
// No file can be read.
#pragma once

#include "launcher/options/parse.hpp"

namespace vrun::launcher::test {

inline Result<std::string> no_file(const std::string& path) {
    return Error{std::make_error_code(std::errc::no_such_file_or_directory), "read " + path};
}

inline Result<Settings> parse(const std::vector<std::string>& words) {
    return launcher::parse({.words = words, .read_file = no_file});
}

}  // namespace vrun::launcher::test
