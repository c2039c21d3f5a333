// SPDX-License-Identifier: Apache-2.0
// tests/unit/shepherd/sample_job: small jobs to decide about.
// Nodes are called n0, n1, …; ranks go by slot.
// Plain values without anything that must exist on this machine.
#pragma once

#include "wire/messages/launch.hpp"

namespace vrun::shepherd::test {

inline wire::LaunchJob sample_job(wire::NodeIndex nodes, std::uint32_t ranks_each) {
    wire::LaunchJob job;
    job.job = 4711;
    job.identity = wire::own_identity();
    for (wire::NodeIndex node = 0; node < nodes; ++node) {
        job.nodes.push_back({.incarnation = node + 1,
                             .name = "n" + std::to_string(node),
                             .address = "10.1.0." + std::to_string(node + 1),
                             .port = 7117,
                             .slots = ranks_each});
        job.runs.push_back(
            {.node = node, .first_rank = node * ranks_each, .count = ranks_each, .app = 0});
    }
    wire::App& app = job.apps.emplace_back();
    app.argv = {"./hello", "a", "b c"};
    app.count = nodes * ranks_each;
    app.workdir = "/tmp";
    job.window = 64u << 10;
    return job;
}

}  // namespace vrun::shepherd::test
