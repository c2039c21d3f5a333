// SPDX-License-Identifier: Apache-2.0
// daemon/shepherd/job: one job on one node, from StartRanks to the node's last word.
// Starts the ranks, wires them up, carries their output, obeys the root, or is the root. It ends
// when the root orders the sweep, or by itself when its parent, the lease or the daemon is gone.
// Every message to and from other nodes goes through the daemon.
#pragma once

#include "daemon/shepherd/binding_report.hpp"
#include "daemon/shepherd/job_clock.hpp"
#include "daemon/shepherd/job_directories.hpp"
#include "daemon/shepherd/latch.hpp"
#include "daemon/shepherd/lease.hpp"
#include "daemon/shepherd/pmi_sockets.hpp"
#include "daemon/shepherd/preload.hpp"
#include "daemon/shepherd/rank_starter.hpp"
#include "daemon/shepherd/ruler.hpp"
#include "daemon/shepherd/state_teller.hpp"
#include "daemon/shepherd/surroundings.hpp"
#include "daemon/shepherd/tree_merge.hpp"
#include "daemon/shepherd/wireup.hpp"

#include <set>

namespace vrun::shepherd {

class Job {
public:
    // Throws std::system_error if the description contradicts itself.
    Job(Surroundings around, wire::StartRanks start);

    // Completes when the node's part is over and said so: nothing of the job is left here.
    asio::awaitable<void> run();

    wire::JobId id() const noexcept { return start_.launch.job; }
    void on_message(const wire::Message& message);
    void renew_lease(std::chrono::milliseconds length);

    void on_fence(pmix::Fence fence) { wireup_.on_fence(std::move(fence)); }
    void on_modex(pmix::Modex modex) { wireup_.on_modex(std::move(modex)); }
    void on_abort(pmix::Abort abort);
    void on_init(wire::Rank rank) { ranks_.entered_mpi(rank); }
    void on_finalize(wire::Rank rank) { ranks_.left_mpi(rank); }
    void on_log(const pmix::Log& log);
    void on_orphan_ended();  // one of those that lost their parent, and came to us

    // Whether the pid is one that somebody here waits for.
    bool owns(pid_t pid) const noexcept {
        return sweeping_ || ranks_.owns(pid) || states_.owns(pid);
    }
    // False: the process has to be left by _exit; the guard does the rest.
    bool is_reusable() const noexcept { return is_reusable_; }

private:
    PmiSockets::Events pmi_events();
    void on_rank_exited(const wire::RankExited& exited);
    asio::awaitable<void> start_ranks();
    asio::awaitable<std::optional<wire::StartFailed>> prepare();
    asio::awaitable<std::optional<wire::StartFailed>> bring_files();
    RankPlace place_of(std::size_t local_rank) const;
    void mend_traps();
    void notify(wire::NodeNotice notice);
    void report_not_started(int code, bool signaled);
    asio::awaitable<void> clean_up();
    asio::awaitable<bool> sweep();
    asio::awaitable<void> keep_time();
    asio::awaitable<void> kill_after(std::chrono::milliseconds grace);
    asio::awaitable<void> give_up_orphans();
    asio::awaitable<void> end_shell();
    asio::awaitable<void> tell_of_stayers();
    void signal(int number);

    bool hear_wireup(const wire::Message& message);
    bool hear_io(const wire::Message& message);
    bool hear_files(const wire::Message& message);
    void hear_report(const wire::Message& message);
    void hear_end(const wire::EndJob& end, wire::NodeIndex from);
    void hear_loss(const wire::NodeLost& lost, wire::NodeIndex from);

    template <class Report>
    void tell_root(Orders (Ruler::*hear)(const Report&), const Report& report);
    void report_started(wire::NodeIndex from, std::span<const wire::NodeIndex> nodes);
    void report_done(wire::NodeIndex from, std::span<const wire::NodeIndex> nodes);
    void obey(Orders orders);
    void apply(const wire::EndJob& end);
    void end_subtree(const wire::Failure& cause);
    void lease_is_over();
    void on_task_failure(std::string_view name, std::exception_ptr failure);
    bool is_shell() const noexcept { return start_.launch.kind == wire::JobKind::shell; }

    Surroundings around_;
    wire::StartRanks start_;
    std::vector<wire::Rank> local_;
    Mail mail_;
    JobClock clock_;
    JobDirectories directories_;
    RankIo io_;
    PmiSockets pmi_;
    Wireup wireup_;
    Ranks ranks_;
    Preload preload_;
    RankStarter starter_;
    StateTeller states_;
    std::optional<BindingReport> bindings_;  // when asked for
    std::optional<Ruler> ruler_;             // of the root
    TreeMerge starts_, dones_;
    Lease lease_;
    std::set<wire::NoticeKind> notices_sent_;
    std::size_t started_ = 0;  // of local_
    bool stopping_ = false, sweeping_ = false, is_reusable_ = true;
    Latch settled_;                               // no rank will be started any more
    Latch swept_;                                 // the sweep was ordered
    Latch over_;                                  // the last word is said
    std::optional<wire::RankExited> shell_exit_;  // of a shell that has ended
    Latch shell_over_;                            // and all below it too, or shall
    TaskGroup tasks_;
};

}  // namespace vrun::shepherd
