// SPDX-License-Identifier: Apache-2.0
#include "daemon/shepherd/shepherd.hpp"

#include "process/descendants.hpp"
#include "process/heap.hpp"
#include "process/user_facts.hpp"
#include "wire/hello.hpp"

#include <sys/stat.h>
#include <asio/signal_set.hpp>
#include <csignal>
#include <cstdlib>

namespace vrun::shepherd {

using wire::MessageType;

namespace {

std::string server_directory(const BaseDirectories& base) {
    std::string path = base.tmp + "/pmix";
    check(::mkdir(path.c_str(), 0700), "make the PMIx server's directory");
    return path;
}

}  // namespace

Shepherd::Shepherd(asio::any_io_executor loop, ShepherdSetup setup, process::Log& log)
    : loop_{loop},
      log_{log},
      guarded_{std::move(setup.guarded)},
      node_name_{std::move(setup.node_name)},
      facts_{process::user_facts(guarded_.guard,
                                 {guarded_.directories.tmp, guarded_.directories.shm})},
      topology_xml_{std::move(setup.topology_xml)},
      link_{wire::make_local_stream(loop, std::move(setup.daemon))},
      server_{loop, {node_name_, server_directory(guarded_.directories), topology_xml_}, *this},
      tasks_{loop, [this](std::string_view name, std::exception_ptr failure) {
                 on_task_failure(name, failure);
             }} {}

asio::awaitable<void> Shepherd::run() {
    tasks_.spawn("write", write());
    wire::Hello hello;
    hello.software = wire::software_version();
    hello.role = wire::Role::shepherd;
    hello.node_name = node_name_;
    co_await wire::exchange_hello(link_, hello);
    link_.send(wire::ShepherdReady{pmix::library_version(), facts_});
    tasks_.spawn("watch the guard", watch_guard());
    tasks_.spawn("reap orphans", reap());
    for (;;) {
        std::optional<wire::Message> message = co_await link_.receive();
        if (!message || message->type == MessageType::goodbye) co_return;
        on_message(std::move(*message));
    }
}

// Hangs up once the last word is out, if there is one.
asio::awaitable<void> Shepherd::write() {
    co_await link_.run_writer();
    link_.close();
}

void Shepherd::on_message(wire::Message message) {
    if (message.type == MessageType::lease) return renew(wire::body_of<wire::Lease>(message));
    if (wire::traits_of(message.type).routed) on_job_message(std::move(message));
}

void Shepherd::renew(const wire::Lease& lease) {
    for (const wire::LeaseGrant& grant : lease.grants)
        if (job_ && job_->id() == grant.job)
            job_->renew_lease(std::chrono::milliseconds{grant.lease_ms});
}

// The next job may come before the last one has been freed; what belongs to it waits.
void Shepherd::on_job_message(wire::Message message) {
    if (job_ && message.route.job == job_->id()) return job_->on_message(message);
    if (later_.empty() && message.type != MessageType::start_ranks)
        return;  // of a job that is over
    later_.push_back(std::move(message));
    start_next();
}

void Shepherd::start_next() {
    if (job_ || later_.empty()) return;
    wire::StartRanks start = wire::body_of<wire::StartRanks>(later_.front());
    later_.pop_front();
    job_.emplace(Surroundings{loop_, link_, server_, guarded_, facts_, topology_xml_, log_},
                 std::move(start));
    tasks_.spawn("serve a job", serve());
    for (wire::Message& message : std::exchange(later_, {}))
        on_job_message(std::move(message));
}

asio::awaitable<void> Shepherd::serve() {
    co_await job_->run();
    is_reusable_ = job_->is_reusable();
    job_.reset();
    process::return_freed_memory();
    if (is_reusable_)
        start_next();
    else
        link_.finish();
}

// What the ranks left behind and lost its parent is our child now.
asio::awaitable<void> Shepherd::reap() {
    asio::signal_set ended{loop_, SIGCHLD};
    const auto is_kept = [this](pid_t pid) { return job_ && job_->owns(pid); };
    for (;;) {
        co_await ended.async_wait(asio::use_awaitable);
        process::reap_orphans(is_kept);
        if (job_) job_->on_orphan_ended();
    }
}

asio::awaitable<void> Shepherd::watch_guard() {
    asio::posix::stream_descriptor guard{loop_, guarded_.guard_gone.release()};
    co_await guard.async_wait(asio::posix::descriptor_base::wait_read, asio::use_awaitable);
    log_.error("the guard is dead: ending everything");
    sweep_without_guard(guarded_.directories);
    ::_exit(EXIT_FAILURE);
}

// Without its daemon, or with a job that cannot be ended in order, a shepherd is of no use.
void Shepherd::on_task_failure(std::string_view name, std::exception_ptr failure) {
    std::string reason = "unknown";
    try {
        std::rethrow_exception(failure);
    } catch (const std::exception& thrown) {
        reason = thrown.what();
    }
    log_.error("a task failed", {{"task", name}, {"reason", reason}});
    link_.close();
}

void Shepherd::on_fence(pmix::Fence fence) {
    if (job_) job_->on_fence(std::move(fence));
}

void Shepherd::on_modex(pmix::Modex modex) {
    if (job_) job_->on_modex(std::move(modex));
}

void Shepherd::on_abort(pmix::Abort abort) {
    if (job_) job_->on_abort(std::move(abort));
}

void Shepherd::on_init(wire::Rank rank) {
    if (job_) job_->on_init(rank);
}

void Shepherd::on_finalize(wire::Rank rank) {
    if (job_) job_->on_finalize(rank);
}

void Shepherd::on_log(pmix::Log log) {
    if (!job_) return;
    try {
        job_->on_log(log);
    } catch (const std::system_error& error) {  // no descriptor for it
        log_.warning("a rank's message is lost", {{"rank", log.rank}, {"reason", error.what()}});
    }
}

}  // namespace vrun::shepherd
