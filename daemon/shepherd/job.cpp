// SPDX-License-Identifier: Apache-2.0
#include "daemon/shepherd/job.hpp"

#include "daemon/shepherd/failure_code.hpp"
#include "daemon/shepherd/shared_memory.hpp"
#include "process/descendants.hpp"
#include "process/descriptors.hpp"
#include "process/program.hpp"
#include "wire/base/thrown.hpp"
#include "wire/base/timeout.hpp"
#include "wire/job_id.hpp"
#include "wire/job_map.hpp"
#include "wire/messages/session.hpp"
#include "wire/preload_rules.hpp"

#include <unistd.h>
#include <algorithm>
#include <asio/post.hpp>
#include <csignal>

namespace vrun::shepherd {

using wire::EndMode;
using wire::MessageType;
using wire::NodeIndex;

namespace {

// An MPI_Abort text and the like, in a message that is small.
constexpr std::size_t text_size_max = 2048;

// Two pipes, a pidfd and libpmix's connection; and what starting one, or libpmix, opens meanwhile.
constexpr std::size_t descriptors_per_rank = 4, descriptors_spare = 16;

// For leftovers to die. A root daemon ends later what a setuid program became and we may not kill.
constexpr std::chrono::milliseconds sweep_limit{wire::end_grace_ms};

wire::StartRanks checked(wire::StartRanks start) {
    const wire::LaunchJob& launch = start.launch;
    const bool is_consistent =
        start.node < launch.nodes.size() &&
        wire::valid_runs(launch.runs, launch.nodes.size(), launch.apps.size()) &&
        wire::valid_files(launch.files, launch.apps.size()) &&
        std::ranges::none_of(launch.apps, [](const wire::App& app) { return app.argv.empty(); }) &&
        (launch.kind == wire::JobKind::ranks || wire::rank_count(launch.runs) == 1);
    if (!is_consistent)
        throw std::system_error{std::make_error_code(std::errc::invalid_argument),
                                "read StartRanks"};
    return start;
}

template <class Report>
void tell_vrun(const Order& order, Mail& mail) {
    if (const auto* report = std::get_if<Report>(&order)) mail.to_vrun(*report);
}

}  // namespace

Job::Job(Surroundings around, wire::StartRanks start)
    : around_{around},
      start_{checked(std::move(start))},
      local_{wire::ranks_on(start_.launch.runs, start_.node)},
      mail_{around.link, start_.launch.job, start_.node, start_.launch.nodes.size()},
      io_{around.loop, start_.launch.window, start_.launch.streams, mail_},
      pmi_{around.loop, pmi::server_setup(start_.launch, start_.node), pmi_events(), around.log},
      wireup_{around.loop, start_.launch, around.server, mail_, clock_},
      ranks_{around.loop, [this](const wire::RankExited& exited) { on_rank_exited(exited); }},
      preload_{around.loop, start_.launch, mail_},
      starter_{{start_, around.server, pmi_, io_, ranks_, preload_,
                [this](wire::NodeNotice notice) { notify(std::move(notice)); }},
               around.guarded.rank_oom_score_adj},
      states_{around.loop, ranks_, local_, mail_},
      starts_{start_.node, start_.launch.nodes.size()},
      dones_{start_.node, start_.launch.nodes.size()},
      lease_{Lease::Clock::now(), std::chrono::milliseconds{start_.launch.lease_ms}},
      settled_{around.loop},
      swept_{around.loop},
      over_{around.loop},
      shell_over_{around.loop},
      tasks_{around.loop, [this](std::string_view name, std::exception_ptr failure) {
                 on_task_failure(name, failure);
             }} {
    if (mail_.is_root()) ruler_.emplace(start_.launch);
    if (start_.launch.report_bindings)
        bindings_.emplace(around_.topology_xml, start_.launch.nodes[start_.node].name);
}

PmiSockets::Events Job::pmi_events() {
    PmiSockets::Events events;
    events.on_barrier = [this](pmi::Bytes changes, pmix::Reply reply) {
        wireup_.on_barrier(std::move(changes), std::move(reply));
    };
    events.on_init = [this](wire::Rank rank) { ranks_.entered_mpi(rank); };
    events.on_finalize = [this](wire::Rank rank) { ranks_.left_mpi(rank); };
    events.on_abort = [this](const pmi::Abort& abort) {
        tell_root(&Ruler::rank_aborted, wire::AbortJob{abort.rank, abort.code, {}});
    };
    return events;
}

asio::awaitable<void> Job::run() {
    tasks_.spawn("start the ranks", start_ranks());
    tasks_.spawn("keep time", keep_time());
    co_await settled_.wait();
    co_await swept_.wait();
    co_await ranks_.all_reaped();
    co_await states_.finish();
    co_await clean_up();
    report_done(mail_.self(), std::vector{mail_.self()});
    co_await over_.wait();
    tasks_.cancel();
    co_await tasks_.join();
}

// Between two ranks others have their turn: a beat, or the order to stop.
asio::awaitable<void> Job::start_ranks() {
    process::require_descriptors(descriptors_spare + local_.size() * descriptors_per_rank);
    std::optional<wire::StartFailed> failed;
    if (!is_shell()) failed = co_await prepare();
    while (started_ < local_.size() && !stopping_) {
        if (!failed) failed = starter_.start(place_of(started_), directories_);
        if (failed) {
            tell_root(&Ruler::start_failed, *failed);
            report_not_started(failed->exit_code, /*signaled=*/false);
            co_return;
        }
        if (bindings_)
            bindings_->add(local_[started_], ranks_.pid_of(local_[started_]).value_or(-1));
        ++started_;
        co_await asio::post(around_.loop, asio::use_awaitable);
    }
    io_.open_input();
    if (started_ < local_.size())
        report_not_started(SIGTERM, /*signaled=*/true);
    else
        report_started(mail_.self(), std::vector{mail_.self()});
    if (bindings_) mail_.to_vrun(bindings_->take());
    settled_.set();
}

void Job::notify(wire::NodeNotice notice) {
    if (notice.sentence.size() > text_size_max) notice.sentence.resize(text_size_max);
    if (notices_sent_.insert(notice.kind).second) mail_.to_vrun(notice);
}

RankPlace Job::place_of(std::size_t local_rank) const {
    const wire::Rank rank = local_[local_rank];
    return {.rank = rank,
            .app = wire::run_of(start_.launch.runs, rank)->app,
            .local_rank = static_cast<std::uint32_t>(local_rank),
            .local_size = static_cast<std::uint32_t>(local_.size())};
}

// The root counts every rank once, those that never were, too.
void Job::report_not_started(int code, bool signaled) {
    for (std::size_t i = started_; i < local_.size(); ++i)
        tell_root(&Ruler::rank_exited, wire::RankExited{local_[i], signaled, code, false});
    settled_.set();
}

// Nothing is left here of the job but its name.
asio::awaitable<void> Job::clean_up() {
    sweeping_ = true;
    const bool is_swept = co_await sweep();
    sweeping_ = false;
    if (!is_swept) io_.give_up();  // what lives may hold a pipe for ever
    co_await io_.drained();
    co_await wireup_.finish();
    co_await pmi_.finish();
    co_await preload_.finish();
    bool is_closed = true;
    if (!is_shell()) is_closed = co_await around_.server.close_job();
    is_reusable_ = is_swept && is_closed;
    remove_orphaned_shared_memory();
    const bool is_removed = co_await remove_job_directories(directories_);
    if (!is_removed)
        around_.log.warning("cannot remove all of the job's files",
                            {{"session", directories_.session}, {"shm", directories_.shm}});
}

asio::awaitable<bool> Job::sweep() {
    bool is_swept = true;
    try {
        auto sweeping = process::sweep_descendants();
        co_await with_timeout(std::move(sweeping), sweep_limit);
    } catch (const std::system_error& error) {
        is_swept = false;
        around_.log.warning("a process of the job cannot be killed",
                            {{"job", wire::id_text(id())}, {"reason", error.what()}});
    }
    co_return is_swept;
}

asio::awaitable<void> Job::keep_time() {
    asio::steady_timer timer{around_.loop};
    bool is_over = false;
    for (std::uint64_t number = 1;; ++number) {
        timer.expires_at(lease_.next_tick(Lease::Clock::now()));
        co_await timer.async_wait(asio::use_awaitable);
        const auto gap = lease_.tick(Lease::Clock::now());
        around_.link.send(wire::Beat{number, static_cast<std::uint32_t>(gap.count())});
        if (is_over || !lease_.is_over(Lease::Clock::now())) continue;
        timer.expires_after(std::chrono::milliseconds{100});  // a renewal may lie in the socket
        co_await timer.async_wait(asio::use_awaitable);
        is_over = lease_.is_over(Lease::Clock::now());
        if (is_over) lease_is_over();
    }
}

void Job::renew_lease(std::chrono::milliseconds length) {
    lease_.renew(Lease::Clock::now(), length);
}

void Job::lease_is_over() {
    around_.log.warning("the job's lease is over, its ranks end", {{"job", wire::id_text(id())}});
    wire::EndJob end;
    end.mode = EndMode::kill;
    end.cause.kind = wire::FailureKind::lease_expired;
    end.cause.node = mail_.self();
    end.cause.node_name = start_.launch.nodes[mail_.self()].name;
    tell_root(&Ruler::end_requested, end);
    if (!mail_.is_root()) return end_subtree(end.cause);
    obey(ruler_->cut_off());
    if (ruler_->has_orphans()) tasks_.spawn("orphans", give_up_orphans());
}

void Job::on_task_failure(std::string_view name, std::exception_ptr failure) {
    Error error{std::make_error_code(std::errc::operation_canceled), std::string{name}};
    try {
        std::rethrow_exception(failure);
    } catch (const std::system_error& thrown) {
        error = error_of(std::string{name}, thrown);
    } catch (const std::exception& thrown) {
        error.doing += std::string{": "} + thrown.what();
    }
    around_.log.error("a job's task failed",
                      {{"job", wire::id_text(id())}, {"reason", error.message()}});
    tell_root(&Ruler::start_failed, starter_.failure(error, process::exit_code_of(error.code)));
    if (!settled_.is_set()) report_not_started(SIGTERM, /*signaled=*/true);
}

void Job::on_abort(pmix::Abort abort) {
    wire::AbortJob report{abort.rank, abort.status, std::move(abort.text)};
    if (report.text.size() > text_size_max) report.text.resize(text_size_max);
    if (report.text == "N/A") report.text.clear();  // Open MPI 4 says so when it says nothing
    tell_root(&Ruler::rank_aborted, report);
    std::move(abort.reply).succeed();
}

void Job::on_log(const pmix::Log& log) {
    io_.log(log.rank, log.text, log.to_stderr ? wire::StreamId::err : wire::StreamId::out);
}

template <class Report>
void Job::tell_root(Orders (Ruler::*hear)(const Report&), const Report& report) {
    if (ruler_)
        obey(((*ruler_).*hear)(report));
    else
        mail_.to_root(report);
}
template void Job::tell_root(Orders (Ruler::*)(const wire::RankExited&),
                             const wire::RankExited&);  // job_shell.cpp calls it

void Job::report_started(NodeIndex from, std::span<const NodeIndex> nodes) {
    if (ruler_) return obey(ruler_->ranks_started(nodes));
    starts_.report(from, nodes);
    if (auto all = starts_.take()) mail_.to_parent(wire::RanksStarted{std::move(*all)});
}

void Job::report_done(NodeIndex from, std::span<const NodeIndex> nodes) {
    if (ruler_) return obey(ruler_->nodes_done(nodes));
    dones_.report(from, nodes);
    auto all = dones_.take();
    if (!all) return;
    const wire::NodeDone done{std::move(*all)};
    if (mail_.is_orphan())
        mail_.to_vrun(done);  // its daemon passes it to the root
    else
        mail_.to_parent(done);
    over_.set();
}

void Job::obey(Orders orders) {
    using Milestone = JobClock::Milestone;
    for (Order& order : orders) {
        if (const auto* end = std::get_if<wire::EndJob>(&order)) {
            if (end->mode == EndMode::sweep) clock_.note(Milestone::reaped);
            mail_.to_children(*end);
            apply(*end);
            continue;
        }
        if (const auto* started = std::get_if<wire::JobStarted>(&order)) {
            clock_.note(Milestone::running);
            mail_.to_vrun(*started);
        }
        if (const auto* gone = std::get_if<wire::RanksGone>(&order)) wireup_.on_ranks_gone(*gone);
        tell_vrun<wire::StartProgress>(order, mail_);
        tell_vrun<wire::RankFailed>(order, mail_);
        tell_vrun<wire::JobFailed>(order, mail_);
        if (auto* ended = std::get_if<wire::JobEnded>(&order)) {
            ended->times = clock_.times();
            mail_.to_vrun(*ended);
            over_.set();
        }
    }
}

void Job::apply(const wire::EndJob& end) {
    const bool is_first = !std::exchange(stopping_, true);
    preload_.stop();
    if (nobody_reads(end.cause.kind)) io_.give_up();
    if (end.mode != EndMode::terminate) signal(SIGKILL);
    if (end.mode == EndMode::sweep) swept_.set();
    if (end.mode != EndMode::terminate || !is_first) return;
    signal(SIGTERM);
    tasks_.spawn("grace", kill_after(std::chrono::milliseconds{end.grace_ms}));
}

asio::awaitable<void> Job::kill_after(std::chrono::milliseconds grace) {
    asio::steady_timer timer{around_.loop, grace};
    co_await timer.async_wait(asio::use_awaitable);
    signal(SIGKILL);
}

asio::awaitable<void> Job::give_up_orphans() {
    asio::steady_timer timer{around_.loop, orphan_wait};
    co_await timer.async_wait(asio::use_awaitable);
    obey(ruler_->give_up_orphans());
}

}  // namespace vrun::shepherd
