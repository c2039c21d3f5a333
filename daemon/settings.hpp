// SPDX-License-Identifier: Apache-2.0
// daemon/settings: the table of vrund's settings.
// One row is the flag, the environment variable, the key of the file, a line of --help and what
// reads the value; options.cpp decides which of the three is heard.
#pragma once

#include "daemon/options.hpp"

#include <optional>
#include <span>
#include <string>

namespace vrun::daemon {

// Empty: all is well. The `doing` of the error adds to what was read where; it may be empty.
using Problem = std::optional<Error>;

struct Setting {
    const char* name;  // --name; the key of the file
    const char* variable;
    const char* value;  // what its value is called; nullptr: yes or no
    const char* help;
    Problem (*set)(Options&, const std::string& value);
    bool is_list = false;  // may be given more than once
};

std::span<const Setting> settings() noexcept;

bool read_descriptor(const std::string& text, int& descriptor);

}  // namespace vrun::daemon
