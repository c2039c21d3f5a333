// SPDX-License-Identifier: Apache-2.0
// daemon/mpi_libraries: which MPI libraries this host has, where they usually are.
// Looks at names only, in a few directories; for vrunctl doctor to show. A program may bring its
// own in another place, so that an empty list proves nothing.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace vrun::daemon {

// By path, sorted. `search` is as LD_LIBRARY_PATH; `root` stands for "/".
std::vector<std::string> mpi_libraries(std::string_view search,
                                       const std::filesystem::path& root = "/");

}  // namespace vrun::daemon
