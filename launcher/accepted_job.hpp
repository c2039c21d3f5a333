// SPDX-License-Identifier: Apache-2.0
// launcher/accepted_job: what a session knows of its job once the daemon has taken it.
// The map as it was accepted, and which nodes still owe output.
// Plain data; the session keeps it true.
#pragma once

#include "wire/messages/answer.hpp"

#include <string>
#include <vector>

namespace vrun::launcher {

struct AcceptedJob {
    wire::JobId id;
    wire::JobAccepted accepted;
    std::vector<bool> is_drained;  // by node: sent its OutputEnd, or is lost
    std::size_t drained = 0;
    std::string text;  // its id, for people
    std::uint32_t ranks = 0;
};

}  // namespace vrun::launcher
