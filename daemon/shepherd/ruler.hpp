// SPDX-License-Identifier: Apache-2.0
// daemon/shepherd/ruler: what a job's root decides from what it hears.
// Pure: every input is a message that came up the tree, the answer is the messages to send. The
// first failure to arrive is the job's; all ranks reaped begins the sweep; all nodes in ends it.
// Inputs may come twice, late or never: each rank and node is counted once.
#pragma once

#include "daemon/shepherd/job_state.hpp"
#include "wire/messages/end.hpp"
#include "wire/messages/launch.hpp"
#include "wire/messages/state.hpp"

#include <chrono>
#include <span>
#include <string>
#include <variant>
#include <vector>

namespace vrun::shepherd {

// JobStarted, JobFailed and JobEnded are for vrun, each once, StartProgress and RankFailed as often
// as there is something to tell; EndJob and RanksGone are for every node.
using Order = std::variant<wire::StartProgress, wire::JobStarted, wire::RankFailed, wire::JobFailed,
                           wire::RanksGone, wire::EndJob, wire::JobEnded>;
using Orders = std::vector<Order>;

inline constexpr std::chrono::milliseconds orphan_wait{2'000};  // it sees the loss a beat later
inline constexpr std::size_t failure_text_max = 2048;  // EndJob and JobFailed are small messages

// Who says that a node is lost. To a neighbour only its own connection is: the node may live and
// report through the controller.
enum class Witness { neighbour, controller };

class Ruler {
public:
    explicit Ruler(const wire::LaunchJob& launch);  // with valid_runs()

    Orders ranks_started(std::span<const wire::NodeIndex> nodes);
    Orders start_failed(const wire::StartFailed& failed);  // RankExited of each rank follows
    Orders rank_exited(const wire::RankExited& exited);
    Orders rank_aborted(const wire::AbortJob& aborted);
    Orders end_requested(const wire::EndJob& request);  // by vrun, its daemon, or a node
    Orders node_lost(const wire::NodeLost& lost, Witness witness);
    Orders controller_lost(wire::NodeIndex node);  // as that node says; it ends its part
    Orders nodes_done(std::span<const wire::NodeIndex> nodes);

    // The root's own lease is over: who hears it still is not known, so all others are orphans.
    Orders cut_off();

    // A lost node, if it lives, and those below it end by themselves and report through the
    // controller, if they can. Give them orphan_wait, then stop waiting: they count as lost.
    bool has_orphans() const noexcept;
    Orders give_up_orphans();

    State state() const noexcept { return state_; }

private:
    struct Node {
        std::string name;
        std::uint32_t ranks_left = 0;  // not reaped yet
        bool started = false;
        bool done = false;
        bool lost = false;
        bool orphaned = false;
        bool has_failures = false;  // that did not end the job

        bool is_awaited() const noexcept { return !done && !lost; }
    };

    bool advance(Event event);
    void fail(wire::Failure failure, Event event, wire::EndJob end);
    void fail_rank(wire::Failure failure);
    void tell_of_gone_ranks(wire::NodeIndex node);
    wire::Failure failure_of_node(wire::NodeIndex node, std::string text) const;
    void order(wire::EndJob end);  // in place of one already in the list
    void settle();
    void begin_sweep();
    void count_out(Node& node);  // none of its ranks will be reaped any more
    wire::Failure failure_of_rank(wire::FailureKind kind, wire::Rank rank, std::int32_t code) const;
    std::vector<wire::NodeIndex> lost_nodes() const;
    Orders take();

    std::vector<wire::RankRun> runs_;
    std::vector<Node> nodes_;
    std::vector<bool> exited_;  // by rank
    std::uint64_t ranks_left_ = 0;
    State state_ = State::launching;
    wire::Failure failure_;  // the first that ends the job
    wire::Tolerance tolerance_;
    bool shows_progress_ = false;
    int counted_code_ = 0;  // of the first failure that did not end it, and counts
    int pressure_ = 0;      // of the strongest EndJob so far
    Orders orders_;
};

}  // namespace vrun::shepherd
