// SPDX-License-Identifier: Apache-2.0
// daemon/shepherd/binding_report: where each rank may really run, in Open MPI's words.
// Asks the kernel about the process itself, right after it was started: what a plan said, a cpuset
// or an earlier setting may have changed. A process that has ended can be asked until it is reaped.
#pragma once

#include "process/machine.hpp"
#include "wire/messages/launch.hpp"

namespace vrun::shepherd {

class BindingReport {
public:
    // `topology_xml` may be empty: CPUs are then told by number.
    BindingReport(const std::string& topology_xml, std::string node_name);

    void add(wire::Rank rank, pid_t pid);
    wire::RankBindings take() { return std::exchange(report_, {}); }

private:
    std::string words_for(const process::CpuSet& cpus) const;

    std::string node_name_;
    std::optional<process::Machine> machine_;
    wire::RankBindings report_;
};

}  // namespace vrun::shepherd
