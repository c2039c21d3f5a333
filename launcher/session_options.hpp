// SPDX-License-Identifier: Apache-2.0
// launcher/session_options: what a job session is told besides the job.
// Plain data with defaults; launcher/main fills it, tests replace parts of the world by it.
#pragma once

#include "launcher/beat_watch.hpp"
#include "launcher/life_settings.hpp"
#include "launcher/output_writer.hpp"
#include "launcher/phase_times.hpp"

#include <csignal>
#include <functional>
#include <string>

namespace vrun::launcher {

// owned: it ends with us. detaching: we leave it once it runs. attached: we read its output, and
// leave it when we are told to end.
enum class Bond : unsigned char { owned, detaching, attached };

struct SessionOptions {
    Bond bond = Bond::owned;
    int in_fd = 0, out_fd = 1, err_fd = 2;
    std::string program = "vrun";  // what our own lines begin with
    bool quiet = false;
    bool verbose = false;
    bool show_progress = false;  // standard error is a terminal that can show it
    LifeSettings life = {};
    OutputPlan output = {};
    std::vector<std::string> sources = {};  // of the job's files, as in Submission
    PhaseTimes::Clock::time_point begun = PhaseTimes::Clock::now();  // the program, for times()
    std::chrono::milliseconds silence_max = daemon_silence_max;
    std::function<void()> stop_self = [] { (void)::raise(SIGSTOP); };  // after SIGTSTP
};

}  // namespace vrun::launcher
