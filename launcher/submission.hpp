// SPDX-License-Identifier: Apache-2.0
// launcher/submission: what the user asked for, together with what the user's processes inherit.
// Reads hostfiles, the current directory, the environment, umask and limits here, as the user;
// the daemon opens no file of a user.
#pragma once

#include "launcher/options/settings.hpp"
#include "wire/base/result.hpp"

namespace vrun::launcher {

inline constexpr std::size_t host_file_size_max = 16u << 20;

struct Submission {
    wire::SubmitJob job;
    std::vector<std::string> notices;    // for the user, a line each
    std::vector<std::string> displayed;  // of --display env, for standard output
    std::vector<std::string> sources;    // of job.files: where each is read
};

// As the user; at most host_file_size_max.
Result<std::string> text_of_file(const std::string& path);

// What any child of this process would have of it: its umask and soft limits.
void pass_on_limits(wire::SubmitJob& job);

// An Error names the file, or says what could not be found out.
Result<Submission> submission_of(const Settings& settings);

}  // namespace vrun::launcher
