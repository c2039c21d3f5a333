// SPDX-License-Identifier: Apache-2.0
// daemon/shepherds: starts a vrun-shepherd per job on this node, and keeps it for the next job.
// It runs as the job's user behind its guard; closing the lifeline ends both and all below them.
// Where both were killed at once, we kill what they lost (it comes to us, a child subreaper), and a
// process of the user removes their files. Idle ones linger, a few per node and not for ever.
#pragma once

#include "daemon/liveness.hpp"
#include "daemon/topology.hpp"
#include "process/log.hpp"
#include "process/spawner.hpp"
#include "wire/base/task_group.hpp"
#include "wire/hello.hpp"
#include "wire/identity.hpp"
#include "wire/messages/launch.hpp"
#include "wire/speech.hpp"

#include <list>
#include <memory>
#include <optional>
#include <set>

namespace vrun::daemon {

inline constexpr std::size_t idle_shepherds_max = 4;
inline constexpr std::size_t jobs_per_shepherd_max = 100;
inline constexpr std::size_t shepherd_size_max = 20u << 20;  // resident; it is not used again then
inline constexpr std::chrono::seconds shepherd_start_limit{15};
inline constexpr std::chrono::seconds guard_limit{5};  // to end everything, then we do

struct Shepherd : std::enable_shared_from_this<Shepherd> {
    Shepherd(std::unique_ptr<wire::Stream> stream, wire::ScaleOf scale_of, process::Child child)
        : link{std::move(stream), wire::said_by(wire::Role::shepherd, std::move(scale_of))},
          guard{std::move(child)},
          timer{link.executor()} {}

    bool is_idle() const noexcept { return !job && jobs_served > 0 && !link.is_closed(); }

    wire::Link link;
    process::Child guard;
    UniqueFd lifeline;  // closed: the guard ends everything
    wire::Identity identity;
    std::string node_name;
    std::optional<wire::JobId> job;
    bool is_ready = false;  // it said so
    wire::ShepherdReady ready;
    std::size_t jobs_served = 0;
    Silence silence{Clock::now()};
    asio::steady_timer timer;  // idle: until it is retired; ending: until its guard is killed
    std::string cause;         // why we ended it, if we did
};

// Called on the loop; message handling may throw std::system_error, which ends that shepherd.
class ShepherdEvents {
public:
    virtual ~ShepherdEvents() = default;
    virtual void on_shepherd_message(Shepherd& shepherd, wire::Message message) = 0;
    virtual void on_shepherd_gone(Shepherd& shepherd, const std::string& reason) = 0;
};

class Shepherds {
public:
    struct Setup {
        wire::Hello hello;
        wire::ScaleOf scale_of;  // of the jobs that this node knows
        Milliseconds linger;     // how long an idle one waits for a job
        std::string socket;      // for vrun and vrsh; empty: none
        // Whatever loses its parent and comes to this process was started by a shepherd. Not so
        // for PID 1 of a container.
        bool has_only_our_orphans = true;
    };

    Shepherds(asio::any_io_executor loop, Setup setup, ShepherdEvents& events, process::Log& log);

    // One for this user that serves no job: a lingering one or a new one. The caller marks it with
    // `job` before anything else runs. The Error says what could not be started.
    asio::awaitable<Result<Shepherd*>> acquire(wire::Identity identity, std::string node_name);

    // It is done with its job.
    void release(Shepherd& shepherd);

    // Ends it and everything below it.
    void end(Shepherd& shepherd, std::string cause);

    // Once a beat_interval while there are jobs: ends those that fell silent.
    void judge(Clock::time_point now, Milliseconds gap, Milliseconds lost_after);

    bool owns(pid_t pid) const noexcept { return pids_.contains(pid); }
    Topology& topology() noexcept { return topology_; }  // that every shepherd gets

    void stop();
    asio::awaitable<void> join();  // until every guard has swept and is reaped

private:
    Shepherd* idle_one(const wire::Identity& identity, const std::string& node_name);
    asio::awaitable<Shepherd*> start(wire::Identity identity, std::string node_name);
    Result<process::Child> spawn(const wire::Identity& identity, const std::string& node_name,
                                 UniqueFd socket, UniqueFd lifeline);
    Result<process::Child> spawn_as_user(process::ChildPlan plan);
    void await_guard(Shepherd& shepherd);
    asio::awaitable<void> end_what_was_lost();
    asio::awaitable<void> remove_files(wire::Identity identity);
    asio::awaitable<void> greet(Shepherd& shepherd);
    asio::awaitable<void> watch(std::shared_ptr<Shepherd> shepherd);
    asio::awaitable<void> read(std::shared_ptr<Shepherd> shepherd);
    asio::awaitable<void> write(std::shared_ptr<Shepherd> shepherd);
    bool may_linger(const Shepherd& shepherd) const;

    asio::any_io_executor loop_;
    Setup setup_;
    ShepherdEvents& events_;
    process::Log& log_;
    process::Spawner spawner_;
    Topology topology_;
    std::list<std::shared_ptr<Shepherd>> shepherds_;
    std::set<pid_t> pids_;
    TaskGroup tasks_;
};

}  // namespace vrun::daemon
