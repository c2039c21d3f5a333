// SPDX-License-Identifier: Apache-2.0
// launcher/life_settings: how long a job may live, what it may survive, what is told of it.
// Part of Settings, and of what a job session is told.
// Plain data with the defaults of mpirun.
#pragma once

#include "wire/messages/tolerance.hpp"

#include <chrono>
#include <string>
#include <vector>

namespace vrun::launcher {

struct ForwardedSignals {
    bool has_usual = true;  // USR1, USR2, ABRT, ALRM, TSTP and CONT
    std::vector<int> more = {};
};

struct LifeSettings {
    std::chrono::seconds timeout{0};        // of the job, from its submission; 0: none
    std::chrono::seconds spawn_timeout{0};  // until all ranks run; 0: none
    std::chrono::seconds wait{0};           // for hosts and slots that are not there yet
    bool tells_state = false;               // when the time is over
    bool tells_stacks = false;
    wire::Tolerance tolerance = {};
    std::string pid_to = {};  // "-" standard output, "+" standard error, or a file; empty: nowhere
    std::string uri_to = {};
    ForwardedSignals signals = {};
    bool shows_progress_at_once = false;
    // --detach: for so long the job outlives its controllers; 0: it ends with its vrun.
    std::chrono::milliseconds detach{0};
};

}  // namespace vrun::launcher
