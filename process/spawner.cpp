// SPDX-License-Identifier: Apache-2.0
#include "process/spawner.hpp"

#include "process/identity.hpp"
#include "wire/base/escape.hpp"

#include <fcntl.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <algorithm>
#include <csignal>
#include <cstddef>
#include <memory>
#include <string_view>

namespace vrun::process {
namespace {

enum class Stage : unsigned char {
    group,
    descriptors,
    identity,
    death_signal,
    workdir,
    limits,
    cores,
    exec
};

struct Move {
    int source;
    int target;
};

// What the child reads and writes, in plain memory made before clone().
struct ChildContext {
    std::vector<char*> argv;
    std::vector<char*> environment;
    const ChildPlan* plan;
    std::vector<Move> moves;    // every source above every target: no dup2() clobbers the next one
    std::string oom_score_adj;  // as text; empty: leave it
    pid_t parent;
    Stage stage{};  // of the failure
    int error = 0;  // 0: the program runs
};

constexpr const char* no_process =
    ", making a process (the limits are pids.max of the cgroup, TasksMax= of a unit, --pids-limit "
    "of "
    "a container, ulimit -u)";
constexpr std::size_t child_stack_size = 64 * 1024;

// A handler of ours must not run in the child on borrowed memory: block all around clone().
class AllSignalsBlocked {
public:
    AllSignalsBlocked() noexcept {
        sigset_t all;
        ::sigfillset(&all);
        ::pthread_sigmask(SIG_SETMASK, &all, &before_);
    }
    ~AllSignalsBlocked() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
    AllSignalsBlocked(const AllSignalsBlocked&) = delete;
    AllSignalsBlocked& operator=(const AllSignalsBlocked&) = delete;

private:
    sigset_t before_;
};

[[noreturn]] void fail(ChildContext& child, Stage stage) noexcept {
    child.stage = stage;
    child.error = errno;
    ::_exit(127);
}

// Another user gets a session of its own: at our terminal it could type commands for us.
bool leave_our_group(const ChildPlan& plan) noexcept {
    if (plan.identity && plan.identity->uid != ::geteuid()) return ::setsid() >= 0;
    return plan.group == Group::ours || ::setpgid(0, 0) == 0;
}

// A plain user may not lower it; then the program runs with ours.
void set_oom_score(const std::string& value) noexcept {
    if (value.empty()) return;
    const int fd = ::open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
    if (fd < 0) return;
    (void)!::write(fd, value.data(), value.size());
    ::close(fd);
}

// First mark all, also what our own parent left open, then clear the mark on what is wanted.
// Kernels before 5.11 cannot mark; what we opened ourselves is close-on-exec anyway.
bool connect_descriptors(const std::vector<Move>& moves) noexcept {
    ::syscall(SYS_close_range, 3u, ~0u, 4u /* CLOSE_RANGE_CLOEXEC */);
    return std::all_of(moves.begin(), moves.end(),
                       [](Move move) { return ::dup2(move.source, move.target) >= 0; });
}

// A changed uid cleared it, so this comes after. A parent that died before is not reported.
bool set_death_signal(int number, pid_t parent) noexcept {
    if (number == 0) return true;
    if (::prctl(PR_SET_PDEATHSIG, number) < 0) return false;
    if (::getppid() != parent) ::_exit(127);
    return true;
}

bool set_limit(wire::ResourceLimit wanted) noexcept {
    const auto resource = static_cast<__rlimit_resource_t>(wanted.resource);
    rlimit limit{};
    if (::getrlimit(resource, &limit) < 0) return false;
    limit.rlim_cur = std::min<rlim_t>(wanted.soft, limit.rlim_max);
    return ::setrlimit(resource, &limit) == 0;
}

bool set_cores(const CpuSet& cpus) noexcept {
    if (cpus.empty()) return true;
    const auto words = cpus.words();
    return ::syscall(SYS_sched_setaffinity, 0, words.size_bytes(), words.data()) == 0;
}

void restore_signals() noexcept {
    for (int number = 1; number < NSIG; ++number)
        ::signal(number, SIG_DFL);
    sigset_t none;
    ::sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

int run_child(void* context) noexcept {
    ChildContext& child = *static_cast<ChildContext*>(context);
    const ChildPlan& plan = *child.plan;
    if (!leave_our_group(plan)) fail(child, Stage::group);
    if (!connect_descriptors(child.moves)) fail(child, Stage::descriptors);
    set_oom_score(child.oom_score_adj);  // before the right to do so goes
    if (plan.umask) ::umask(*plan.umask);
    if (plan.identity && !become(*plan.identity)) fail(child, Stage::identity);
    if (!set_death_signal(plan.death_signal, child.parent)) fail(child, Stage::death_signal);
    // As the user: the directory may be closed to root, on NFS for one.
    if (!plan.workdir.empty() && ::chdir(plan.workdir.c_str()) < 0) fail(child, Stage::workdir);
    restore_signals();
    // Late: a low limit on files would forbid the descriptors above.
    for (const wire::ResourceLimit limit : plan.limits)
        if (!set_limit(limit)) fail(child, Stage::limits);
    // Last: our parent sleeps until exec, and the cores may be busy.
    if (!set_cores(plan.cpus)) fail(child, Stage::cores);
    ::execve(plan.program.c_str(), child.argv.data(), child.environment.data());
    fail(child, Stage::exec);
}

std::vector<char*> pointers(std::vector<std::string>& strings) {
    std::vector<char*> result;
    for (auto& string : strings)
        result.push_back(string.data());
    result.push_back(nullptr);
    return result;
}

UniqueFd raised_above(UniqueFd fd, int target) {
    if (fd.get() > target) return fd;
    return UniqueFd{check(::fcntl(fd.get(), F_DUPFD_CLOEXEC, target + 1), "fcntl")};
}

std::vector<Move> raise_descriptors(ChildPlan& plan) {
    int highest = STDERR_FILENO;
    for (const auto& [fd, target] : plan.descriptors)
        highest = std::max(highest, target);

    std::vector<Move> moves;
    for (int target = 0; target < 3; ++target) {
        UniqueFd& fd = plan.stdio[static_cast<std::size_t>(target)];
        fd = raised_above(std::move(fd), highest);
        moves.push_back({fd.get(), target});
    }
    for (auto& [fd, target] : plan.descriptors) {
        fd = raised_above(std::move(fd), highest);
        moves.push_back({fd.get(), target});
    }
    return moves;
}

std::string stage_text(Stage stage, const ChildPlan& plan) {
    switch (stage) {
    case Stage::group:
        return ", setting the process group";
    case Stage::descriptors:
        return ", connecting its descriptors";
    case Stage::identity:
        return ", becoming uid " + std::to_string(plan.identity->uid);
    case Stage::death_signal:
        return ", setting the parent death signal";
    case Stage::workdir:
        return ", entering the working directory '" + escaped(plan.workdir) + "'";
    case Stage::limits:
        return ", setting its resource limits";
    case Stage::cores:
        return ", binding it to the CPUs " + plan.cpus.text();
    case Stage::exec:
        break;
    }
    return plan.argv[0] == plan.program ? "" : " (" + escaped(plan.program) + ")";
}

}  // namespace

Result<Child> Spawner::spawn(ChildPlan plan) {
    assert(!plan.argv.empty());
    ChildContext context{.argv = pointers(plan.argv),
                         .environment = pointers(plan.environment),
                         .plan = &plan,
                         .moves = raise_descriptors(plan),
                         .oom_score_adj = {},
                         .parent = ::getpid()};
    if (plan.oom_score_adj) context.oom_score_adj = std::to_string(*plan.oom_score_adj);

    const auto stack = std::make_unique_for_overwrite<std::byte[]>(child_stack_size);
    int pidfd = -1;
    const pid_t pid = [&] {
        const AllSignalsBlocked blocked;
        return ::clone(run_child, stack.get() + child_stack_size,
                       CLONE_VM | CLONE_VFORK | CLONE_PIDFD | SIGCHLD, &context, &pidfd);
    }();
    if (pid < 0)
        return Error{{errno, std::system_category()},
                     "start '" + escaped(plan.argv[0]) + "'" + no_process};

    Child child{loop_, pid, UniqueFd{pidfd}, plan.group};
    if (context.error == 0) return child;
    const std::error_code cause{context.error, std::system_category()};
    return Error{cause, "start '" + escaped(plan.argv[0]) + "'" + stage_text(context.stage, plan)};
}

}  // namespace vrun::process
