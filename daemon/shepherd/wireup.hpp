// SPDX-License-Identifier: Apache-2.0
// daemon/shepherd/wireup: the fences and direct modexes of one job on one node.
// Carries what libpmix and PMI ask to the job's other nodes and their answers back. No start
// barrier: requests that come before the job is known to libpmix wait for open(). Every upcall is
// answered, at the latest with an error when this object dies.
#pragma once

#include "daemon/shepherd/job_clock.hpp"
#include "daemon/shepherd/mail.hpp"
#include "pmix/fence_table.hpp"
#include "pmix/server.hpp"
#include "wire/base/task_group.hpp"
#include "wire/messages/tolerance.hpp"
#include "wire/messages/wireup.hpp"

namespace vrun::shepherd {

class Wireup {
public:
    // All references outlive this object.
    Wireup(asio::any_io_executor loop, const wire::LaunchJob& launch, pmix::Server& server,
           Mail& mail, JobClock& clock);

    void open();  // libpmix knows the job now

    void on_fence(pmix::Fence fence);
    void on_barrier(wire::Bytes changes, pmix::Reply reply);  // of PMI: all ranks of the job
    void on_modex(pmix::Modex modex);

    // From other nodes. Throw std::system_error if no honest shepherd says that.
    void on_contribution(wire::NodeIndex from, wire::FenceContribution contribution);
    void on_result(wire::FenceResult result);
    void on_request(wire::NodeIndex from, wire::ModexRequest request);
    void on_reply(wire::ModexReply reply);

    void on_ranks_gone(const wire::RanksGone& gone);  // passed on to the children
    void lose(wire::NodeIndex node);                  // fails what cannot be answered without it

    // Fails all that waits and ends; before the server forgets the job.
    asio::awaitable<void> finish();

private:
    struct Request {
        wire::NodeIndex from;
        wire::ModexRequest body;
    };
    struct Asked {
        wire::NodeIndex node;
        pmix::Reply reply;
    };

    wire::FenceKey join(const pmix::FenceMembers& members, wire::Bytes blob, pmix::Reply reply);
    void apply(pmix::FenceActions actions);
    void answer(const pmix::FenceEnd& ended);
    void serve(Request request);
    asio::awaitable<void> reply_to(Request request);
    asio::awaitable<void> answer_here(wire::Rank rank, pmix::Reply reply);
    asio::awaitable<void> time_out(wire::FenceKey key, std::chrono::seconds limit);

    const wire::LaunchJob& launch_;
    pmix::Server& server_;
    Mail& mail_;
    JobClock& clock_;
    pmix::FenceTable fences_;
    std::map<wire::FenceKey, pmix::Reply> fencing_;
    std::map<std::uint32_t, Asked> asked_;  // by id
    std::uint32_t next_id_ = 0;
    std::vector<Request> early_;
    bool open_ = false;
    TaskGroup tasks_;
};

}  // namespace vrun::shepherd
