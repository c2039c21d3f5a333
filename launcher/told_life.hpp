// SPDX-License-Identifier: Apache-2.0
// launcher/told_life: what a session has heard of its job's life, as far as people are told of it.
// Progress of the start, the answers to a question about the ranks, failures that it survived.
// Plain parts of launcher/job_session.
#pragma once

#include "launcher/progress_line.hpp"
#include "launcher/state_report.hpp"

namespace vrun::launcher {

struct ToldLife {
    ProgressLine progress;
    StateReport report;
    std::size_t failures_borne = 0;  // of ranks, while the job went on
};

}  // namespace vrun::launcher
