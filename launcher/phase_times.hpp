// SPDX-License-Identifier: Apache-2.0
// launcher/phase_times: how long each phase of a job took, for --timing.
// vrun's clock says when the job started and ended, the root's how the time between them went:
// only differences meet, so that hosts need no common time.
#pragma once

#include "launcher/job_words.hpp"
#include "wire/messages/times.hpp"

#include <chrono>
#include <optional>

namespace vrun::launcher {

struct PhaseTimes {
    using Clock = std::chrono::steady_clock;
    using Time = std::optional<Clock::time_point>;  // empty: it did not come to that

    Clock::time_point begun = Clock::now();
    Time connected = {};  // the daemon has greeted us
    Time accepted = {};   // hosts are found, ranks placed
    Time started = {};    // all ranks run
    Time ended = {};      // all output is written, all nodes are clean
    wire::JobTimes root = {};
};

// "timing: connect     1.9 ms  …", a line for each phase that the job came to, and their sum.
Lines phase_lines(const PhaseTimes& times);

}  // namespace vrun::launcher
