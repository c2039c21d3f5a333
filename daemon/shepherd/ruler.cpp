// SPDX-License-Identifier: Apache-2.0
#include "daemon/shepherd/ruler.hpp"

#include "daemon/shepherd/failure_code.hpp"
#include "wire/job_map.hpp"
#include "wire/tree.hpp"

#include <algorithm>
#include <span>
#include <utility>

namespace vrun::shepherd {

using wire::EndMode;
using wire::FailureKind;
using wire::NodeIndex;

namespace {

// How hard an EndJob presses: ranks that ignore TERM, then output that nobody reads any more.
int pressure_of(const wire::EndJob& end) {
    if (end.mode == EndMode::terminate) return 1;
    return nobody_reads(end.cause.kind) ? 3 : 2;
}

}  // namespace

Ruler::Ruler(const wire::LaunchJob& launch)
    : runs_{launch.runs},
      exited_(wire::rank_count(launch.runs), false),
      ranks_left_{exited_.size()},
      tolerance_{launch.tolerance},
      shows_progress_{launch.shows_progress} {
    for (const wire::JobNode& node : launch.nodes)
        nodes_.push_back({.name = node.name});
    for (const wire::RankRun& run : runs_)
        nodes_.at(run.node).ranks_left += run.count;
}

Orders Ruler::ranks_started(std::span<const NodeIndex> nodes) {
    for (const NodeIndex node : nodes)
        if (node < nodes_.size()) nodes_[node].started = true;
    if (std::ranges::all_of(nodes_, &Node::started) && advance(Event::all_started))
        orders_.push_back(wire::JobStarted{});
    if (shows_progress_ && state_ == State::launching)
        orders_.push_back(wire::StartProgress{
            static_cast<std::uint32_t>(std::ranges::count(nodes_, true, &Node::started))});
    return take();
}

Orders Ruler::start_failed(const wire::StartFailed& failed) {
    wire::Failure failure;
    failure.kind = FailureKind::not_started;
    failure.node = failed.node;
    if (failed.node < nodes_.size()) failure.node_name = nodes_[failed.node].name;
    failure.has_rank = failed.has_rank;
    failure.rank = failed.rank;
    failure.code = failed.error;
    failure.text = failed.sentence;
    failure.exit_code = failed.exit_code;
    fail(std::move(failure), Event::failed, {});
    return take();
}

Orders Ruler::rank_exited(const wire::RankExited& exited) {
    const auto run = wire::run_of(runs_, exited.rank);
    if (!run || exited_[exited.rank]) return take();
    exited_[exited.rank] = true;
    Node& node = nodes_[run->node];
    if (node.ranks_left > 0) {
        --node.ranks_left;
        --ranks_left_;
    }
    if (exited.signaled)
        fail_rank(failure_of_rank(FailureKind::signaled, exited.rank, exited.code));
    else if (exited.code != 0)
        fail_rank(failure_of_rank(FailureKind::exited, exited.rank, exited.code));
    else if (exited.mid_mpi)
        fail_rank(failure_of_rank(FailureKind::not_finalized, exited.rank, 0));
    tell_of_gone_ranks(run->node);
    settle();
    return take();
}

Orders Ruler::rank_aborted(const wire::AbortJob& aborted) {
    if (!wire::run_of(runs_, aborted.rank)) return take();
    wire::Failure failure = failure_of_rank(FailureKind::aborted, aborted.rank, aborted.code);
    failure.text = aborted.text;
    fail(std::move(failure), Event::failed, {});
    return take();
}

// The first request fails the job. While it ends, only a stronger one is worth passing on: every
// node may ask when all lose their controller at once.
Orders Ruler::end_requested(const wire::EndJob& request) {
    if (request.mode == EndMode::sweep || state_ == State::ended) return take();
    wire::EndJob end = request;
    if (end.cause.kind == FailureKind::none) end.cause.kind = FailureKind::cancelled;
    end.cause = with_exit_code(std::move(end.cause));
    if (state_ == State::launching || state_ == State::running)
        fail(end.cause, Event::cancelled, end);
    else if (pressure_of(end) > pressure_)
        order(std::move(end));
    return take();
}

Orders Ruler::node_lost(const wire::NodeLost& lost, Witness witness) {
    if (lost.node >= nodes_.size() || nodes_[lost.node].lost) return take();
    const auto below = wire::tree_subtree(lost.node, static_cast<NodeIndex>(nodes_.size()));
    const bool owes =
        std::ranges::any_of(below, [this](NodeIndex node) { return nodes_[node].is_awaited(); });
    if (!owes || state_ == State::ended) return take();
    wire::Failure failure = failure_of_node(lost.node, lost.reason);
    if (!lost.address.empty()) failure.text += " (" + lost.address + ")";
    fail(std::move(failure), Event::lost, {});
    for (const NodeIndex node : below) {
        nodes_[node].orphaned = true;
        count_out(nodes_[node]);
    }
    if (witness == Witness::controller) nodes_[lost.node].lost = !nodes_[lost.node].done;
    settle();
    return take();
}

Orders Ruler::controller_lost(NodeIndex node) {
    if (node >= nodes_.size() || !nodes_[node].is_awaited() || state_ == State::ended)
        return take();
    fail(failure_of_node(node, "it has no word from the job's controller"), Event::lost,
         {.mode = EndMode::kill, .cause = {}});
    return take();
}

Orders Ruler::nodes_done(std::span<const NodeIndex> nodes) {
    for (const NodeIndex node : nodes) {
        if (node >= nodes_.size()) continue;
        if (nodes_[node].ranks_left > 0)  // nobody told it to end
            fail(failure_of_node(node, "it has lost the way to the job's other nodes"), Event::lost,
                 {});
        nodes_[node].done = true;
        count_out(nodes_[node]);
    }
    settle();
    return take();
}

Orders Ruler::cut_off() {
    for (Node& node : std::span{nodes_}.subspan(1)) {
        if (!node.is_awaited()) continue;
        node.orphaned = true;
        count_out(node);
    }
    settle();
    return take();
}

bool Ruler::has_orphans() const noexcept {
    return std::ranges::any_of(nodes_,
                               [](const Node& node) { return node.orphaned && node.is_awaited(); });
}

Orders Ruler::give_up_orphans() {
    for (Node& node : nodes_)
        if (node.orphaned && node.is_awaited()) node.lost = true;
    settle();
    return take();
}

bool Ruler::advance(Event event) {
    const std::optional<State> to = next(state_, event);
    if (to) state_ = *to;
    return to.has_value();
}

// The first failure is the job's, even if it comes when all ranks are in: a node that is lost
// before it has drained may have taken output with it.
void Ruler::fail(wire::Failure failure, Event event, wire::EndJob end) {
    if (failure_.kind == FailureKind::none) {
        failure_ = with_exit_code(std::move(failure));
        if (failure_.text.size() > failure_text_max) failure_.text.resize(failure_text_max);
        orders_.push_back(wire::JobFailed{failure_});
    }
    if (state_ != State::launching && state_ != State::running) return;
    if (!advance(event)) return;
    end.cause = failure_;
    order(std::move(end));
}

void Ruler::fail_rank(wire::Failure failure) {
    const bool has_exited = failure.kind == FailureKind::exited;
    const wire::Verdict verdict = has_exited ? tolerance_.exited : tolerance_.died;
    if (verdict == wire::Verdict::ends) return fail(std::move(failure), Event::failed, {});
    if (state_ != State::launching && state_ != State::running) return;
    failure = with_exit_code(std::move(failure));
    if (verdict == wire::Verdict::counts && counted_code_ == 0) counted_code_ = failure.exit_code;
    nodes_[failure.node].has_failures = true;
    orders_.push_back(wire::RankFailed{std::move(failure)});
}

// Where all ranks ended well nobody waits for them any more.
void Ruler::tell_of_gone_ranks(NodeIndex node) {
    const bool goes_on = state_ == State::launching || state_ == State::running;
    if (!goes_on || ranks_left_ == 0 || nodes_[node].ranks_left > 0) return;
    if (nodes_[node].has_failures) orders_.push_back(wire::RanksGone{{node}});
}

// The nodes act on the kind of the cause; its words are for vrun, which has them from JobFailed.
void Ruler::order(wire::EndJob end) {
    if (end.mode != EndMode::sweep) pressure_ = pressure_of(end);
    std::erase_if(orders_, [](const Order& o) { return std::holds_alternative<wire::EndJob>(o); });
    end.cause.text.clear();
    orders_.push_back(std::move(end));
}

void Ruler::settle() {
    if (state_ < State::draining && ranks_left_ == 0) begin_sweep();
    if (state_ != State::draining) return;
    if (std::ranges::any_of(nodes_, &Node::is_awaited) || !advance(Event::all_done)) return;
    const bool went_well = failure_.kind == FailureKind::none;
    const int code = went_well ? counted_code_ : exit_code_of(failure_);
    orders_.push_back(wire::JobEnded{code, failure_, lost_nodes()});
}

// Ranks may all have ended before the merged RanksStarted came up: they did start.
void Ruler::begin_sweep() {
    if (advance(Event::all_started)) orders_.push_back(wire::JobStarted{});
    if (advance(Event::last_exited)) order({.mode = EndMode::sweep, .cause = failure_});
}

void Ruler::count_out(Node& node) {
    ranks_left_ -= std::exchange(node.ranks_left, 0);
}

wire::Failure Ruler::failure_of_node(NodeIndex node, std::string text) const {
    wire::Failure failure;
    failure.kind = FailureKind::node_lost;
    failure.node = node;
    failure.node_name = nodes_[node].name;
    failure.text = std::move(text);
    return failure;
}

wire::Failure Ruler::failure_of_rank(FailureKind kind, wire::Rank rank, std::int32_t code) const {
    wire::Failure failure;
    failure.kind = kind;
    failure.node = wire::run_of(runs_, rank)->node;
    failure.node_name = nodes_[failure.node].name;
    failure.has_rank = true;
    failure.rank = rank;
    failure.code = code;
    return failure;
}

std::vector<NodeIndex> Ruler::lost_nodes() const {
    std::vector<NodeIndex> lost;
    for (NodeIndex node = 0; node < nodes_.size(); ++node)
        if (nodes_[node].lost) lost.push_back(node);
    return lost;
}

Orders Ruler::take() {
    return std::exchange(orders_, {});
}

}  // namespace vrun::shepherd
