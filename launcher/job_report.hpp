// SPDX-License-Identifier: Apache-2.0
// launcher/job_report: a JobList as text: a table for people, JSON for programs.
// Pure text from a message; names of others are escaped.
// What is not in it (nodes that did not answer) is said on standard error, by the caller.
#pragma once

#include "wire/messages/jobs.hpp"

#include <string>

namespace vrun::launcher {

std::string job_table(const wire::JobList& list);
std::string job_json(const wire::JobList& list);

}  // namespace vrun::launcher
