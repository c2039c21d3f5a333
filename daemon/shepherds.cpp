// SPDX-License-Identifier: Apache-2.0
#include "daemon/shepherds.hpp"

#include "process/descendants.hpp"
#include "process/memory.hpp"
#include "process/oom_score.hpp"
#include "process/private_memory.hpp"
#include "wire/base/thrown.hpp"
#include "wire/base/timeout.hpp"
#include "wire/messages/launch.hpp"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>
#include <algorithm>
#include <asio/error.hpp>
#include <csignal>
#include <filesystem>

namespace vrun::daemon {
namespace {

constexpr int control_fd = 3, lifeline_fd = 4, topology_fd = 5;

struct Ends {
    UniqueFd ours, theirs;
};

Ends socket_pair() {
    int fds[2];
    check(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), "socketpair");
    return {UniqueFd{fds[0]}, UniqueFd{fds[1]}};
}

Ends lifeline_pipe() {  // nothing is ever written: its end is the message
    int fds[2];
    check(::pipe2(fds, O_CLOEXEC), "pipe2");
    return {UniqueFd{fds[1]}, UniqueFd{fds[0]}};
}

// Installed in libexec/vrun beside bin; in a build tree beside us.
std::string shepherd_program() {
    namespace fs = std::filesystem;
    const fs::path here = fs::read_symlink("/proc/self/exe").parent_path();
    for (const fs::path& candidate :
         {here / "vrun-shepherd", here / "../libexec/vrun/vrun-shepherd"})
        if (::access(candidate.c_str(), X_OK) == 0) return candidate.lexically_normal();
    return here / "vrun-shepherd";  // the error of starting it names it
}

// A shepherd needs little of our environment, and none of what an outer launcher left in it.
// Without HOME libpmix looks its uid up, and crashes where a container knows no name for it.
// A shell of vrsh has the paths, the language and our socket from it.
std::vector<std::string> shepherd_environment(const std::string& socket) {
    std::vector<std::string> environment{"HOME=/"};
    for (const char* name : {"PATH", "TMPDIR", "LD_LIBRARY_PATH", "LANG", "LC_ALL", "TZ",
                             "VRUN_LOG_LEVEL", "ASAN_OPTIONS"})
        if (const char* value = ::getenv(name))
            environment.push_back(std::string{name} + "=" + value);
    if (!socket.empty()) environment.push_back("VRUN_SOCKET=" + socket);
    return environment;
}

// It is the only child of its guard while it has no job.
bool is_too_large(const Shepherd& shepherd) {
    const auto is_large = [](pid_t pid) { return process::resident_size(pid) > shepherd_size_max; };
    return std::ranges::any_of(process::children_of(shepherd.guard.pid()), is_large);
}

// As the user whose it is: we ourselves open nothing that users can put there.
process::ChildPlan plan_for(const wire::Identity& identity, const std::string& socket,
                            std::vector<std::string> arguments) {
    process::ChildPlan plan;
    plan.program = shepherd_program();
    plan.argv = std::move(arguments);
    plan.argv.insert(plan.argv.begin(), "vrun-shepherd");
    plan.environment = shepherd_environment(socket);
    plan.workdir = "/";
    plan.stdio[0] = UniqueFd{check(::open("/dev/null", O_RDONLY | O_CLOEXEC), "open /dev/null")};
    plan.stdio[1] = UniqueFd{check(::fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3), "dup stderr")};
    plan.stdio[2] = UniqueFd{check(::fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3), "dup stderr")};
    if (::geteuid() == 0) plan.identity = identity;
    return plan;
}

std::string ending_of(const process::ExitStatus& status) {
    if (const auto* exited = std::get_if<process::Exited>(&status)) {
        if (exited->code > 128)
            return "its shepherd was killed by signal " + std::to_string(exited->code - 128);
        return "its shepherd ended with code " + std::to_string(exited->code);
    }
    return "its guard was killed by signal " +
           std::to_string(std::get<process::Signaled>(status).signal);
}

}  // namespace

Shepherds::Shepherds(asio::any_io_executor loop, Setup setup, ShepherdEvents& events,
                     process::Log& log)
    : loop_{loop},
      setup_{std::move(setup)},
      events_{events},
      log_{log},
      spawner_{loop},
      tasks_{loop, [this](std::string_view name, std::exception_ptr) {
                 log_.error("shepherds: a task failed", {{"task", name}});
             }} {
    if (setup_.has_only_our_orphans) check(::prctl(PR_SET_CHILD_SUBREAPER, 1), "prctl");
}

Shepherd* Shepherds::idle_one(const wire::Identity& identity, const std::string& node_name) {
    const auto fits = [&](const auto& shepherd) {
        return shepherd->is_idle() && shepherd->identity == identity &&
               shepherd->node_name == node_name;
    };
    const auto found = std::ranges::find_if(shepherds_, fits);
    return found == shepherds_.end() ? nullptr : found->get();
}

asio::awaitable<Result<Shepherd*>> Shepherds::acquire(wire::Identity identity,
                                                      std::string node_name) {
    if (::geteuid() != 0) identity = wire::own_identity();
    if (Shepherd* lingering = idle_one(identity, node_name)) {
        lingering->timer.cancel();
        if (!is_too_large(*lingering)) co_return lingering;
        end(*lingering, "retired");
    }
    std::optional<Error> failure;
    try {
        auto starting = start(std::move(identity), std::move(node_name));
        co_return co_await std::move(starting);
    } catch (const std::system_error& error) {
        failure = error_of("start a shepherd", error);
    }
    co_return *failure;
}

asio::awaitable<Shepherd*> Shepherds::start(wire::Identity identity, std::string node_name) {
    Ends control = socket_pair();
    Ends lifeline = lifeline_pipe();
    Result<process::Child> child =
        spawn(identity, node_name, std::move(control.theirs), std::move(lifeline.theirs));
    if (!child) throw std::system_error{child.error().code, child.error().doing};
    pids_.insert(child->pid());
    const auto shepherd =
        std::make_shared<Shepherd>(wire::make_local_stream(loop_, std::move(control.ours)),
                                   setup_.scale_of, std::move(*child));
    shepherd->lifeline = std::move(lifeline.ours);
    shepherd->identity = std::move(identity);
    shepherd->node_name = std::move(node_name);
    shepherds_.push_back(shepherd);
    tasks_.spawn("writer", write(shepherd));
    tasks_.spawn("guard", watch(shepherd));
    std::exception_ptr failure;
    try {
        auto greeting = greet(*shepherd);
        co_await with_timeout(std::move(greeting), shepherd_start_limit);
        const bool is_gone = shepherd->guard.pid() < 0;  // its words lay in the socket
        if (is_gone) throw std::system_error{wire::HelloErrc::gone, "wait for a shepherd"};
    } catch (...) {
        failure = std::current_exception();
    }
    if (failure) {
        end(*shepherd, "it did not start");
        std::rethrow_exception(failure);
    }
    shepherd->is_ready = true;
    tasks_.spawn("reader", read(shepherd));
    log_.debug("shepherds: started",
               {{"uid", shepherd->identity.uid}, {"pid", shepherd->guard.pid()}});
    co_return shepherd.get();
}

Result<process::Child> Shepherds::spawn(const wire::Identity& identity,
                                        const std::string& node_name, UniqueFd socket,
                                        UniqueFd lifeline) {
    process::ChildPlan plan = plan_for(identity, setup_.socket, {"--name", node_name});
    plan.descriptors.emplace_back(std::move(socket), control_fd);
    plan.descriptors.emplace_back(std::move(lifeline), lifeline_fd);
    plan.descriptors.emplace_back(topology_.open(), topology_fd);
    plan.oom_score_adj = process::protected_oom_score_adj;
    return spawn_as_user(std::move(plan));
}

// The child borrowed our memory while it changed its uid, which opens it to that user.
Result<process::Child> Shepherds::spawn_as_user(process::ChildPlan plan) {
    Result<process::Child> child = spawner_.spawn(std::move(plan));
    if (::geteuid() == 0) process::make_memory_private();
    return child;
}

asio::awaitable<void> Shepherds::greet(Shepherd& shepherd) {
    (void)co_await wire::exchange_hello(shepherd.link, setup_.hello);
    const std::optional<wire::Message> ready = co_await shepherd.link.receive();
    if (!ready || ready->type != wire::MessageType::shepherd_ready)
        throw std::system_error{wire::HelloErrc::gone, "wait for a shepherd"};
    shepherd.ready = wire::body_of<wire::ShepherdReady>(*ready);
}

asio::awaitable<void> Shepherds::read(std::shared_ptr<Shepherd> shepherd) {
    try {
        while (std::optional<wire::Message> message = co_await shepherd->link.receive()) {
            shepherd->silence.heard(Clock::now());
            events_.on_shepherd_message(*shepherd, std::move(*message));
        }
    } catch (const std::system_error& error) {
        if (!shepherd->link.is_closed())
            end(*shepherd, std::string{"its shepherd said something wrong: "} + error.what());
    }
    // The guard ends next, and then watch() has the reason.
    await_guard(*shepherd);
}

asio::awaitable<void> Shepherds::write(std::shared_ptr<Shepherd> shepherd) {
    try {
        co_await shepherd->link.run_writer();
    } catch (const std::system_error&) {
        // The guard's end tells the reason.
    }
}

asio::awaitable<void> Shepherds::watch(std::shared_ptr<Shepherd> shepherd) {
    const pid_t pid = shepherd->guard.pid();
    const process::ExitStatus status = co_await shepherd->guard.wait();
    pids_.erase(pid);
    if (shepherd->is_ready) shepherd->link.close();  // else its last words may still lie there
    shepherd->timer.cancel();
    std::erase(shepherds_, shepherd);
    const std::string reason = shepherd->cause.empty() ? ending_of(status) : shepherd->cause;
    if (shepherd->job)
        log_.warning("shepherds: one ended with its job", {{"pid", pid}, {"reason", reason}});
    const bool has_swept = std::holds_alternative<process::Exited>(status);
    if (has_swept) co_return events_.on_shepherd_gone(*shepherd, reason);
    try {
        auto sweeping = end_what_was_lost();
        co_await with_timeout(std::move(sweeping), guard_limit);
    } catch (const std::system_error& error) {
        log_.warning("shepherds: a job's process cannot be killed", {{"reason", error.what()}});
    }
    events_.on_shepherd_gone(*shepherd, reason);
    co_await end_what_was_lost();
    co_await remove_files(shepherd->identity);
}

// No limit of its own, as in the guard: what cannot be killed is waited for, not abandoned.
asio::awaitable<void> Shepherds::end_what_was_lost() {
    if (!setup_.has_only_our_orphans) co_return;
    auto sweeping = process::sweep_orphans([this](pid_t pid) { return owns(pid); });
    co_await std::move(sweeping);
}

asio::awaitable<void> Shepherds::remove_files(wire::Identity identity) {
    Result<process::Child> remover = spawn_as_user(plan_for(identity, "", {"--remove-stale"}));
    if (!remover) throw std::system_error{remover.error().code, remover.error().doing};
    const pid_t pid = remover->pid();
    pids_.insert(pid);
    (void)co_await remover->wait();
    pids_.erase(pid);
}

void Shepherds::release(Shepherd& shepherd) {
    shepherd.job.reset();
    ++shepherd.jobs_served;
    if (!may_linger(shepherd)) return end(shepherd, "retired");
    shepherd.timer.expires_after(setup_.linger);
    const auto expired = [this, lingering = shepherd.weak_from_this()](std::error_code error) {
        const auto alive = lingering.lock();
        if (!error && alive && !alive->job) end(*alive, "retired");
    };
    shepherd.timer.async_wait(expired);
}

// One waits per user: jobs that overlap leave no more behind than jobs in a row.
bool Shepherds::may_linger(const Shepherd& shepherd) const {
    if (shepherd.jobs_served >= jobs_per_shepherd_max) return false;
    std::size_t others = 0;
    for (const auto& other : shepherds_) {
        if (other.get() == &shepherd || !other->is_idle()) continue;
        if (other->identity == shepherd.identity) return false;
        ++others;
    }
    return others < idle_shepherds_max;
}

void Shepherds::end(Shepherd& shepherd, std::string cause) {
    if (shepherd.cause.empty()) shepherd.cause = std::move(cause);
    shepherd.link.close();
    await_guard(shepherd);
}

// It may be stopped itself, or may not kill what a setuid program became; we may.
void Shepherds::await_guard(Shepherd& shepherd) {
    if (!shepherd.lifeline.is_open()) return;
    shepherd.lifeline = UniqueFd{};
    shepherd.timer.expires_after(guard_limit);
    const auto expired = [ending = shepherd.weak_from_this()](std::error_code error) {
        const auto alive = ending.lock();
        if (!error && alive) alive->guard.signal_process(SIGKILL);
    };
    shepherd.timer.async_wait(expired);
}

void Shepherds::judge(Clock::time_point now, Milliseconds gap, Milliseconds lost_after) {
    for (const auto& shepherd : shepherds_) {
        if (!shepherd->job) continue;
        shepherd->silence.forgive(gap);
        if (shepherd->silence.judge(now, lost_after) != Verdict::lost) continue;
        const auto seconds =
            std::chrono::duration_cast<std::chrono::seconds>(shepherd->silence.length(now));
        end(*shepherd, "its shepherd was silent for " + std::to_string(seconds.count()) + " s");
    }
}

void Shepherds::stop() {
    for (const auto& shepherd : shepherds_)
        end(*shepherd, "the daemon ends");
}

asio::awaitable<void> Shepherds::join() {
    co_await tasks_.join();
}

}  // namespace vrun::daemon
