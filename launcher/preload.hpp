// SPDX-License-Identifier: Apache-2.0
// launcher/preload: which files --preload-binary and --preload-files bring along.
// Each is read once here, as the user, for its size and checksum; hosts that have it are sent
// nothing. Where it goes on the hosts: docs/preload.md.
#pragma once

#include "launcher/daemon_connection.hpp"
#include "launcher/submission.hpp"

namespace vrun::launcher {

// Adds job.files and sources. The Refusal names the file.
std::optional<Refusal> add_files(Submission& submission, const Settings& settings);

}  // namespace vrun::launcher
