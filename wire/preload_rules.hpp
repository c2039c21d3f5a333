// SPDX-License-Identifier: Apache-2.0
// wire/preload_rules: which files may be preloaded, and under what names.
// Pure. Asked by vrun for its user's sake, and again by every shepherd, since messages may lie: a
// name stays below its directory, whatever it says.
#pragma once

#include "wire/messages/preload.hpp"

#include <span>
#include <string_view>

namespace vrun::wire {

inline constexpr std::size_t digest_size = 32;  // SHA-256

// "a/b": parts that are neither empty nor "." nor "..", and no '\0'.
bool is_name_below(std::string_view name);

// The name below a directory that a user's path gets: without "./" and "../" at its beginning, and
// of an absolute path the last part. What is left may still be no name below.
std::string_view name_below(std::string_view path);

bool valid_files(std::span<const PreloadFile> files, std::size_t apps);

}  // namespace vrun::wire
