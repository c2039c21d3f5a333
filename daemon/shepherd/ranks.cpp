// SPDX-License-Identifier: Apache-2.0
#include "daemon/shepherd/ranks.hpp"

#include <algorithm>
#include <csignal>

namespace vrun::shepherd {

Ranks::Ranks(asio::any_io_executor loop, OnExited on_exited)
    : spawner_{loop},
      on_exited_{std::move(on_exited)},
      tasks_{loop, [this](std::string_view, std::exception_ptr failure) { failure_ = failure; }} {}

std::optional<Error> Ranks::start(wire::Rank rank, process::ChildPlan plan) {
    Result<process::Child> child = spawner_.spawn(std::move(plan));
    if (!child) return child.error();
    const wire::RankState state{
        .rank = rank, .phase = wire::RankPhase::running, .pid = child->pid()};
    ranks_.emplace(rank, Local{std::move(*child), state});
    ++running_;
    tasks_.spawn("rank " + std::to_string(rank), watch(rank));
    return std::nullopt;
}

asio::awaitable<void> Ranks::watch(wire::Rank rank) {
    Local& local = ranks_.at(rank);
    const process::ExitStatus status = co_await local.child.wait();
    --running_;
    const bool is_in_mpi = local.state.phase == wire::RankPhase::in_mpi;
    wire::RankExited exited{.rank = rank, .signaled = false, .code = 0, .mid_mpi = is_in_mpi};
    if (const auto* normal = std::get_if<process::Exited>(&status)) exited.code = normal->code;
    if (const auto* killed = std::get_if<process::Signaled>(&status)) {
        exited.signaled = true;
        exited.code = killed->signal;
    }
    local.state.phase = exited.signaled ? wire::RankPhase::killed : wire::RankPhase::exited;
    local.state.code = exited.code;
    on_exited_(exited);
}

std::optional<pid_t> Ranks::pid_of(wire::Rank rank) const {
    const auto found = ranks_.find(rank);
    if (found == ranks_.end()) return std::nullopt;
    return found->second.child.pid();
}

void Ranks::entered_mpi(wire::Rank rank) {
    set_phase(rank, wire::RankPhase::in_mpi);
}

void Ranks::left_mpi(wire::Rank rank) {
    set_phase(rank, wire::RankPhase::finalized);
}

// What libpmix says of a rank may come after its end.
void Ranks::set_phase(wire::Rank rank, wire::RankPhase phase) {
    const auto found = ranks_.find(rank);
    if (found != ranks_.end() && found->second.state.phase < wire::RankPhase::exited)
        found->second.state.phase = phase;
}

wire::RankState Ranks::state_of(wire::Rank rank) const {
    const auto found = ranks_.find(rank);
    return found == ranks_.end() ? wire::RankState{.rank = rank} : found->second.state;
}

void Ranks::signal(int number) {
    for (auto& [rank, local] : ranks_) {
        local.child.signal_group(number == SIGTSTP ? SIGSTOP : number);
        if (number == SIGTERM) local.child.signal_group(SIGCONT);
    }
}

bool Ranks::owns(pid_t pid) const noexcept {
    return std::ranges::any_of(
        ranks_, [pid](const auto& entry) { return entry.second.child.pid() == pid; });
}

asio::awaitable<void> Ranks::all_reaped() {
    co_await tasks_.join();
    if (failure_) std::rethrow_exception(failure_);
}

}  // namespace vrun::shepherd
