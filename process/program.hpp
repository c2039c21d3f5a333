// SPDX-License-Identifier: Apache-2.0
// process/program: which file a program's name means.
// What execvp() would run with the given PATH, seen from the given directory, by the current user.
// A look, not a promise: exec may still fail.
#pragma once

#include "wire/base/result.hpp"

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace vrun::process {

// The path to execute in `workdir`; may be relative to it. ENOENT: there is no such program;
// EACCES: there is one, or a directory, that cannot be executed. An unset PATH is the system's.
Result<std::string> find_program(const std::string& name,
                                 std::optional<std::string_view> path_value,
                                 const std::string& workdir);

// 127 when there is no such program, 121 when the node is out of processes, descriptors, memory or
// room, else 126: it cannot be executed.
int exit_code_of(std::error_code start_error) noexcept;

// Of this process, as "NAME=value" strings.
std::vector<std::string> own_environment();

// The value of NAME in "NAME=value" strings; the last one counts.
std::optional<std::string_view> value_in(std::span<const std::string> environment,
                                         std::string_view name) noexcept;

}  // namespace vrun::process
