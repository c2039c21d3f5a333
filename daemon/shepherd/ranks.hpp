// SPDX-License-Identifier: Apache-2.0
// daemon/shepherd/ranks: the processes of one job on this node.
// Each is the leader of its own process group, so signals reach what it started, too. The end of
// each is reported once. What leaves its group is found by the sweep at the end of the job.
#pragma once

#include "process/spawner.hpp"
#include "wire/base/task_group.hpp"
#include "wire/messages/end.hpp"
#include "wire/messages/state.hpp"

#include <functional>
#include <map>

namespace vrun::shepherd {

class Ranks {
public:
    using OnExited = std::function<void(const wire::RankExited&)>;

    // `on_exited` is called from the loop, never from inside a call.
    Ranks(asio::any_io_executor loop, OnExited on_exited);

    // Empty: it runs.
    std::optional<Error> start(wire::Rank rank, process::ChildPlan plan);

    void entered_mpi(wire::Rank rank);
    void left_mpi(wire::Rank rank);

    // To the group of every rank. A stop cannot be caught, as at a terminal where nobody waits;
    // what shall end is continued, since a stopped process sees no TERM.
    void signal(int number);

    // Of one that was started; -1 once it is reaped.
    std::optional<pid_t> pid_of(wire::Rank rank) const;

    bool owns(pid_t pid) const noexcept;
    wire::RankState state_of(wire::Rank rank) const;
    std::size_t running() const noexcept { return running_; }

    // Completes when every rank that was started is reaped. One caller, after the last start().
    asio::awaitable<void> all_reaped();

private:
    struct Local {
        process::Child child;
        wire::RankState state = {};
    };

    asio::awaitable<void> watch(wire::Rank rank);
    void set_phase(wire::Rank rank, wire::RankPhase phase);

    process::Spawner spawner_;
    OnExited on_exited_;
    std::map<wire::Rank, Local> ranks_;
    std::size_t running_ = 0;
    std::exception_ptr failure_;
    TaskGroup tasks_;
};

}  // namespace vrun::shepherd
