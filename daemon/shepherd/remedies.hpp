// SPDX-License-Identifier: Apache-2.0
// daemon/shepherd/remedies: the settings that keep ranks out of what their container lacks.
// Pure: facts of the host in, variables out (docs/containers.md). They are defaults: what a user
// set stays. What no setting mends is a warning, one line for vrun.
#pragma once

#include "wire/messages/health.hpp"
#include "wire/messages/notice.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace vrun::shepherd {

struct Remedies {
    std::vector<std::string> defaults;  // "NAME=VALUE", for every rank here
    std::vector<wire::NodeNotice> notices;
};

struct Room {  // for one job
    std::uint64_t ranks = 0;
    std::string session_directory;
};

Remedies remedies_for(const wire::UserFacts& facts, const Room& room);

// The directory that a user's own TMPDIR names is too long for the sockets that go there.
std::optional<wire::NodeNotice> notice_of_tmpdir(std::string_view tmpdir);

// The program is not that of the virtual environment that is active, which is not on this node.
wire::NodeNotice notice_of_venv(std::string_view venv, const std::string& program);

}  // namespace vrun::shepherd
