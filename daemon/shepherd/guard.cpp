// SPDX-License-Identifier: Apache-2.0
#include "daemon/shepherd/guard.hpp"

#include "process/descendants.hpp"
#include "process/oom_score.hpp"
#include "process/pipe.hpp"
#include "wire/base/result.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <algorithm>
#include <array>
#include <csignal>
#include <cstdlib>
#include <initializer_list>

namespace vrun::shepherd {
namespace {

int exit_code_of(int status) noexcept {
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

sigset_t signals(std::initializer_list<int> numbers) noexcept {
    sigset_t set;
    ::sigemptyset(&set);
    for (const int number : numbers)
        ::sigaddset(&set, number);
    return set;
}

// What the guard holds open, nobody sees closed: the shepherd's sockets first of all. A kernel
// before 5.9 lacks the call; then these close a little later, with the guard.
void close_all_but(std::vector<int> kept) noexcept {
    std::erase(kept, -1);
    std::sort(kept.begin(), kept.end());
    unsigned int first = STDERR_FILENO + 1;
    for (const int fd : kept) {
        const auto number = static_cast<unsigned int>(fd);
        if (number > first) ::syscall(SYS_close_range, first, number - 1, 0u);
        first = std::max(first, number + 1);
    }
    ::syscall(SYS_close_range, first, ~0u, 0u);
}

class Guard {
public:
    Guard(UniqueFd lifeline, UniqueFd living, const BaseLocks& locks, pid_t child)
        : lifeline_{std::move(lifeline)},
          living_{std::move(living)},
          child_{child},
          wake_{open_wake()} {
        close_all_but(
            {lifeline_.get(), living_.get(), wake_.get(), locks.tmp.get(), locks.shm.get()});
    }

    void wait_for_the_end() {
        std::array<pollfd, 2> events{{{wake_.get(), POLLIN, 0}, {lifeline_.get(), POLLIN, 0}}};
        while (!code_ && !told_to_end_) {
            if (::poll(events.data(), events.size(), -1) < 0 && errno != EINTR) break;
            if (events[0].revents) read_wake();
            if (events[1].revents) told_to_end_ = true;
            reap_until_the_child();
        }
    }

    // The shepherd too, if it lives.
    void kill_all() {
        process::kill_all_descendants([this](pid_t ended, int status) { note_end(ended, status); });
    }

    int code() const noexcept { return code_.value_or(EXIT_FAILURE); }

private:
    static UniqueFd open_wake() {
        const sigset_t set = signals({SIGCHLD, SIGTERM});
        return UniqueFd{check(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK), "signalfd")};
    }

    void read_wake() noexcept {
        for (signalfd_siginfo info; ::read(wake_.get(), &info, sizeof info) == sizeof info;)
            if (info.ssi_signo == SIGTERM) told_to_end_ = true;
    }

    // Orphans too, as long as the child lives: they are ours.
    void reap_until_the_child() noexcept {
        int status = 0;
        for (pid_t ended = 0; !code_ && (ended = ::waitpid(-1, &status, WNOHANG)) > 0;)
            note_end(ended, status);
    }

    // Once: the number may go to another descendant.
    void note_end(pid_t ended, int status) noexcept {
        if (ended == child_ && !code_) code_ = exit_code_of(status);
    }

    UniqueFd lifeline_;
    UniqueFd living_;  // the shepherd reads its end when we are gone
    pid_t child_;
    UniqueFd wake_;
    std::optional<int> code_;
    bool told_to_end_ = false;
};

// A group of its own: one signal to a group must not take guard and shepherd both.
[[noreturn]] void become_shepherd(Guarded guarded, const sigset_t& mask,
                                  const std::function<int(Guarded)>& child_main) noexcept {
    ::setpgid(0, 0);
    ::prctl(PR_SET_CHILD_SUBREAPER, 1);
    ::sigprocmask(SIG_SETMASK, &mask, nullptr);
    ::_exit(child_main(std::move(guarded)));
}

// What ranks are to get back, if we have a lower value than the one who started us.
std::optional<int> rank_oom_score() {
    process::protect_from_oom_killer();
    const std::optional<int> ours = process::oom_score_adj_of(::getpid());
    const std::optional<int> theirs = process::oom_score_adj_of(::getppid());
    return ours < theirs ? theirs : std::nullopt;
}

// What others of this user left behind when nobody could remove it. In a process of its own: it may
// take long, and the guard must hear of the end meanwhile.
void remove_stale_aside() {
    std::vector<StaleDirectory> stale = stale_base_directories();
    if (stale.empty() || ::fork() != 0) return;
    std::vector<int> kept;
    for (const StaleDirectory& one : stale)
        kept.insert(kept.end(), {one.parent.get(), one.lock.get()});
    close_all_but(std::move(kept));
    remove_stale(std::move(stale));
    ::_exit(EXIT_SUCCESS);
}

int guard_child(UniqueFd lifeline, MadeDirectories& directories, const sigset_t& mask,
                const std::function<int(Guarded)>& child_main) {
    const pid_t guard_pid = ::getpid();
    const std::optional<int> oom_score = rank_oom_score();
    process::Pipe life = process::make_pipe();
    const pid_t child = check(::fork(), "fork");
    if (child == 0) {
        lifeline = UniqueFd{};
        life.writer = UniqueFd{};
        Guarded guarded{directories.paths, std::move(directories.locks), std::move(life.reader),
                        guard_pid, oom_score};
        become_shepherd(std::move(guarded), mask, child_main);
    }
    life.reader = UniqueFd{};
    Guard guard{std::move(lifeline), std::move(life.writer), directories.locks, child};
    remove_stale_aside();
    guard.wait_for_the_end();
    guard.kill_all();
    return guard.code();
}

}  // namespace

int run_guarded(UniqueFd lifeline, const std::function<int(Guarded)>& child_main) {
    check(::fcntl(lifeline.get(), F_GETFD), "lifeline");
    process::require_descendants_readable();
    sigset_t all, before;
    ::sigfillset(&all);
    ::sigprocmask(SIG_SETMASK, &all, &before);  // from here an end cleans up
    check(::prctl(PR_SET_CHILD_SUBREAPER, 1), "prctl");
    check(::prctl(PR_SET_PDEATHSIG, SIGTERM), "prctl");  // SIGKILL would take the guard itself
    ::signal(SIGCHLD, SIG_DFL);  // inherited as ignored, the kernel would reap and drop the status

    MadeDirectories directories = make_base_directories();
    try {
        const int code = guard_child(std::move(lifeline), directories, before, child_main);
        remove_base_directories(directories.paths);
        return code;
    } catch (...) {
        remove_base_directories(directories.paths);
        throw;
    }
}

void sweep_without_guard(const BaseDirectories& directories) {
    const sigset_t child_ended = signals({SIGCHLD});
    ::pthread_sigmask(SIG_BLOCK, &child_ended, nullptr);
    process::kill_all_descendants();
    remove_base_directories(directories);
}

}  // namespace vrun::shepherd
