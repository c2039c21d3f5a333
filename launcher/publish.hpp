// SPDX-License-Identifier: Apache-2.0
// launcher/publish: writes vrun's process id or a job's address where the user wants it.
// "-" is standard output, "+" standard error, as in mpirun; anything else is a file, written anew.
// These calls may block.
#pragma once

#include "launcher/output_writer.hpp"
#include "wire/base/result.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace vrun::launcher {

inline constexpr std::string_view to_standard_output = "-", to_standard_error = "+";

// By way of a session's output, unless it is a file.
std::optional<Error> publish(OutputWriter& output, const std::string& where,
                             const std::string& line);

// Into the file of that name, with the line break.
std::optional<Error> write_line(const std::string& path, const std::string& line);

}  // namespace vrun::launcher
