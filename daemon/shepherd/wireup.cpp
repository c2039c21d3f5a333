// SPDX-License-Identifier: Apache-2.0
#include "daemon/shepherd/wireup.hpp"

#include "wire/job_id.hpp"
#include "wire/job_map.hpp"

#include <utility>

namespace vrun::shepherd {

using wire::NodeIndex;

Wireup::Wireup(asio::any_io_executor loop, const wire::LaunchJob& launch, pmix::Server& server,
               Mail& mail, JobClock& clock)
    : launch_{launch},
      server_{server},
      mail_{mail},
      clock_{clock},
      fences_{mail.self(), launch.nodes.size()},
      // A task that fails drops its Reply, and that answers: nothing is left to do here.
      tasks_{loop, [](std::string_view, std::exception_ptr) {}} {}

void Wireup::open() {
    open_ = true;
    for (const Request& request : std::exchange(early_, {}))
        serve(request);
}

void Wireup::on_fence(pmix::Fence fence) {
    const Result<pmix::FenceMembers> members = pmix::members_of(std::move(fence.members), launch_);
    if (!members) return std::move(fence.reply).fail(members.error().code.value());
    const auto key = join(*members, std::move(fence.blob), std::move(fence.reply));
    if (fence.timeout && fencing_.contains(key))
        tasks_.spawn("fence timeout", time_out(key, *fence.timeout));
}

// Over a list of its own: PMIx counts the fences of the same ranks for itself.
void Wireup::on_barrier(wire::Bytes changes, pmix::Reply reply) {
    const pmix::Member everyone{wire::namespace_of(launch_.job), 0, /*all=*/true};
    pmix::FenceMembers members = pmix::members_of({everyone}, launch_).value();
    members.hash = ~members.hash;
    join(members, std::move(changes), std::move(reply));
}

wire::FenceKey Wireup::join(const pmix::FenceMembers& members, wire::Bytes blob,
                            pmix::Reply reply) {
    pmix::FenceArrival arrival = fences_.arrive(members, std::move(blob));
    fencing_.emplace(arrival.key, std::move(reply));
    apply(std::move(arrival.actions));
    return arrival.key;
}

asio::awaitable<void> Wireup::time_out(wire::FenceKey key, std::chrono::seconds limit) {
    const auto loop = co_await asio::this_coro::executor;
    asio::steady_timer timer{loop, limit};
    co_await timer.async_wait(asio::use_awaitable);
    if (fencing_.contains(key)) apply(fences_.time_out(key));
}

void Wireup::apply(pmix::FenceActions actions) {
    for (const wire::FenceContribution& contribution : actions.up)
        mail_.to_parent(contribution);
    for (const pmix::FenceEnd& ended : actions.ended)
        answer(ended);
}

void Wireup::answer(const pmix::FenceEnd& ended) {
    for (const NodeIndex child : ended.children)
        mail_.to_node(child, ended.result);
    if (!ended.here) return;
    auto found = fencing_.extract(ended.result.key);
    if (found.empty()) return;
    const int status = ended.result.status;
    if (status != pmix::status::success) return std::move(found.mapped()).fail(status);
    clock_.note(JobClock::Milestone::wired_up);
    std::move(found.mapped()).succeed(ended.result.blob);
}

void Wireup::on_modex(pmix::Modex modex) {
    const auto run = wire::run_of(launch_.runs, modex.rank);
    if (!run || modex.nspace != wire::namespace_of(launch_.job))
        return std::move(modex.reply).fail(pmix::status::not_found);
    if (run->node == mail_.self())
        return tasks_.spawn("modex", answer_here(modex.rank, std::move(modex.reply)));
    const std::uint32_t id = next_id_++;
    asked_.emplace(id, Asked{run->node, std::move(modex.reply)});
    mail_.to_node(run->node, wire::ModexRequest{id, modex.rank});
}

asio::awaitable<void> Wireup::answer_here(wire::Rank rank, pmix::Reply reply) {
    pmix::ModexData data = co_await server_.request_modex(rank);
    if (data.status == pmix::status::success)
        std::move(reply).succeed(std::move(data.blob));
    else
        std::move(reply).fail(data.status);
}

void Wireup::on_contribution(NodeIndex from, wire::FenceContribution contribution) {
    apply(fences_.contribution(from, std::move(contribution)));
}

void Wireup::on_result(wire::FenceResult result) {
    apply(fences_.result(std::move(result)));
}

void Wireup::on_request(NodeIndex from, wire::ModexRequest request) {
    if (open_)
        serve({from, request});
    else
        early_.push_back({from, request});
}

void Wireup::serve(Request request) {
    tasks_.spawn("modex request", reply_to(request));
}

asio::awaitable<void> Wireup::reply_to(Request request) {
    pmix::ModexData data = co_await server_.request_modex(request.body.rank);
    wire::ModexReply reply{request.body.id, data.status, std::move(data.blob)};
    if (wire::to_bytes(reply).size() > wire::body_size_max(wire::MessageType::modex_reply, {}))
        reply = {request.body.id, pmix::status::error, {}};
    mail_.to_node(request.from, reply);
}

void Wireup::on_reply(wire::ModexReply reply) {
    auto found = asked_.extract(reply.id);
    if (found.empty()) return;
    pmix::Reply& waiting = found.mapped().reply;
    if (reply.status == pmix::status::success)
        std::move(waiting).succeed(std::move(reply.blob));
    else
        std::move(waiting).fail(reply.status);
}

void Wireup::on_ranks_gone(const wire::RanksGone& gone) {
    mail_.to_children(gone);
    for (const NodeIndex node : gone.nodes)
        if (node < launch_.nodes.size()) apply(fences_.excuse(node));
}

void Wireup::lose(NodeIndex node) {
    apply(fences_.node_lost(node));
    for (auto at = asked_.begin(); at != asked_.end();) {
        const auto asked = at++;
        if (asked->second.node != node) continue;
        std::move(asked->second.reply).fail(pmix::status::lost_connection);
        asked_.erase(asked);
    }
}

asio::awaitable<void> Wireup::finish() {
    apply(fences_.fail_all(pmix::status::job_aborted));
    fencing_.clear();
    asked_.clear();
    tasks_.cancel();
    co_await tasks_.join();
}

}  // namespace vrun::shepherd
