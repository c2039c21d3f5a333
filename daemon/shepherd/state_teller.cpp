// SPDX-License-Identifier: Apache-2.0
#include "daemon/shepherd/state_teller.hpp"

#include <utility>

namespace vrun::shepherd {
namespace {

bool is_alive(const wire::RankState& rank) {
    using enum wire::RankPhase;
    return rank.phase == running || rank.phase == in_mpi || rank.phase == finalized;
}

}  // namespace

StateTeller::StateTeller(asio::any_io_executor loop, const Ranks& ranks,
                         const std::vector<wire::Rank>& local, Mail& mail)
    : ranks_{ranks},
      local_{local},
      mail_{mail},
      stacks_{loop},
      // Whoever asked waits for an answer only so long.
      tasks_{loop, [](std::string_view, std::exception_ptr) {}} {}

void StateTeller::tell(const wire::GetState& asked) {
    if (!asked.with_stacks) return mail_.to_vrun(state());
    if (!std::exchange(is_reading_, true)) tasks_.spawn("stack traces", tell_stacks());
}

wire::NodeState StateTeller::state() const {
    wire::NodeState state;
    for (const wire::Rank rank : local_)
        state.ranks.push_back(ranks_.state_of(rank));
    return state;
}

asio::awaitable<void> StateTeller::tell_stacks() {
    wire::NodeState told = state();
    told.has_stacks = true;
    for (wire::RankState& rank : told.ranks)
        if (is_alive(rank)) rank.stack = co_await stacks_.read(static_cast<pid_t>(rank.pid));
    mail_.to_vrun(told);
    is_reading_ = false;
}

asio::awaitable<void> StateTeller::finish() {
    tasks_.cancel();
    co_await tasks_.join();
}

}  // namespace vrun::shepherd
