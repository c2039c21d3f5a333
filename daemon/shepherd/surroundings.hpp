// SPDX-License-Identifier: Apache-2.0
// daemon/shepherd/surroundings: what every job of a shepherd finds there.
// References only; all outlive the jobs.
#pragma once

#include "daemon/shepherd/guard.hpp"
#include "pmix/server.hpp"
#include "process/log.hpp"
#include "wire/link.hpp"
#include "wire/messages/health.hpp"

namespace vrun::shepherd {

struct Surroundings {
    asio::any_io_executor loop;
    wire::Link& link;
    pmix::Server& server;
    const Guarded& guarded;
    const wire::UserFacts& facts;
    const std::string& topology_xml;  // may be empty
    process::Log& log;
};

}  // namespace vrun::shepherd
