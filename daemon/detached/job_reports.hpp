// SPDX-License-Identifier: Apache-2.0
// daemon/detached/job_reports: what the nodes say of their jobs, as one list; and one job of it.
// Pure. A job's root knows its state best; without it the lowest node that answered speaks.
// Sentences are for the user and name what to type next.
#pragma once

#include "wire/messages/answer.hpp"
#include "wire/messages/jobs.hpp"

#include <string_view>
#include <variant>
#include <vector>

namespace vrun::daemon {

// Whether the node `from` may say so, and whoever reads it finds a root; in a list, nodes may be
// left out.
bool is_sound(const wire::JobReport& report, wire::Incarnation from);

// Each job once, the oldest first.
std::vector<wire::JobReport> merged(std::vector<wire::JobReport> reports);

// The one job whose id begins so, or why there is none.
std::variant<wire::JobReport, wire::JobRefused> chosen(const wire::JobList& list,
                                                       std::string_view id);

}  // namespace vrun::daemon
