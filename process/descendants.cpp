// SPDX-License-Identifier: Apache-2.0
#include "process/descendants.hpp"

#include "wire/base/fd.hpp"
#include "wire/base/result.hpp"
#include "wire/base/timeout.hpp"

#include <dirent.h>
#include <sys/wait.h>
#include <algorithm>
#include <asio/signal_set.hpp>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <string>

extern "C" {  // glibc 2.36 forgets the linkage
#include <sys/pidfd.h>
}

namespace vrun::process {
namespace {

using std::chrono::milliseconds;

// Between rounds, unless a child ends before: what lost its parent comes to us without a word.
// Longer each time, for what we may not kill.
constexpr milliseconds first_pause{10};
constexpr milliseconds longest_pause{1'000};

std::string tasks_of(pid_t pid) {
    return "/proc/" + std::to_string(pid) + "/task";
}

// Nothing when the process has ended.
template <class Visit>
void for_each_thread(pid_t pid, Visit visit) {
    DIR* const directory = ::opendir(tasks_of(pid).c_str());
    if (!directory) return;
    while (const dirent* entry = ::readdir(directory))
        if (entry->d_name[0] != '.') visit(entry->d_name);
    ::closedir(directory);
}

pid_t parent_of(pid_t pid) {
    std::ifstream file{"/proc/" + std::to_string(pid) + "/stat"};
    std::string stat;  // getline: an istreambuf_iterator throws when the process ends meanwhile
    std::getline(file, stat, '\0');
    const std::size_t name_end = stat.rfind(')');  // a name may hold spaces, line ends, parentheses
    if (name_end == std::string::npos) return -1;
    return std::atoi(stat.c_str() + name_end + std::size(") S"));
}

void signal_pinned(Descendant one, int number) noexcept {
    const UniqueFd pinned{::pidfd_open(one.pid, 0)};
    if (!pinned.is_open()) return;
    try {
        const pid_t parent = parent_of(one.pid);
        if (parent != one.parent && parent != ::getpid()) return;
        ::pidfd_send_signal(pinned.get(), number, nullptr, 0);
    } catch (const std::bad_alloc&) {  // the next round tries again
    }
}

// Of a child that has ended, which stays to be reaped; 0: there is none.
pid_t ended_child() noexcept {
    siginfo_t info{};
    return ::waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) < 0 ? 0 : info.si_pid;
}

// False when there is no child.
bool reap_all(const OnReaped& on_reaped) {
    int status = 0;
    pid_t ended = 0;
    while ((ended = ::waitpid(-1, &status, WNOHANG)) > 0)
        if (on_reaped) on_reaped(ended, status);
    return ended == 0;
}

asio::awaitable<void> child_ended(asio::signal_set& signals) {
    co_await signals.async_wait(asio::use_awaitable);
}

// `round` until it has nothing more to do.
asio::awaitable<void> sweep_in_rounds(std::function<bool()> round) {
    const auto loop = co_await asio::this_coro::executor;
    asio::signal_set signals{loop, SIGCHLD};
    milliseconds pause = first_pause;
    while (round()) {
        bool has_ended = true;
        try {
            auto ended = child_ended(signals);
            co_await with_timeout(std::move(ended), pause);
        } catch (const std::system_error& error) {
            if (error.code() != std::errc::timed_out) throw;
            has_ended = false;
        }
        pause = has_ended ? first_pause : std::min(2 * pause, longest_pause);
    }
}

// False: there is no orphan.
bool kill_orphans_once(const std::function<bool(pid_t)>& is_kept) {
    reap_orphans(is_kept);
    bool is_any = false;
    for (const pid_t child : children_of(::getpid())) {
        if (is_kept(child)) continue;
        is_any = true;
        kill_pinned({child, ::getpid()});
        for (const Descendant victim : descendants_of(child))
            kill_pinned(victim);
    }
    return is_any;
}

}  // namespace

void require_descendants_readable() {
    const std::string self = std::to_string(::getpid());
    const std::string path = tasks_of(::getpid()) + "/" + self + "/children";
    if (!std::ifstream{path})
        throw std::system_error{errno, std::system_category(), "read our children in " + path};
}

std::vector<pid_t> children_of(pid_t parent) {
    std::vector<pid_t> found;
    for_each_thread(parent, [&](const char* thread) {
        std::ifstream children{tasks_of(parent) + "/" + thread + "/children"};
        for (pid_t child = 0; children >> child;)
            found.push_back(child);
    });
    return found;
}

std::vector<Descendant> descendants_of(pid_t ancestor) {
    std::vector<Descendant> found{{ancestor, 0}};
    for (std::size_t i = 0; i < found.size(); ++i) {
        const pid_t parent = found[i].pid;
        for (const pid_t child : children_of(parent))
            found.push_back({child, parent});
    }
    found.erase(found.begin());
    return found;
}

bool has_children() noexcept {
    siginfo_t info{};
    return ::waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0 || errno != ECHILD;
}

void signal_descendants(int number) {
    for (const Descendant one : descendants_of(::getpid()))
        signal_pinned(one, number);
}

void kill_pinned(Descendant victim) noexcept {
    signal_pinned(victim, SIGKILL);
}

void reap_orphans(const std::function<bool(pid_t)>& is_kept) {
    for (pid_t ended = ended_child(); ended > 0; ended = ended_child()) {
        if (is_kept(ended)) {  // it hides those behind it: ask for each of them by number
            for (const pid_t child : children_of(::getpid()))
                if (!is_kept(child)) ::waitpid(child, nullptr, WNOHANG);
            return;
        }
        ::waitpid(ended, nullptr, WNOHANG);
    }
}

bool kill_descendants_once(const OnReaped& on_reaped) {
    if (!reap_all(on_reaped)) return false;
    // Top down: a shell that is dead does not start the next command.
    for (const Descendant victim : descendants_of(::getpid()))
        kill_pinned(victim);
    return true;
}

void kill_all_descendants(const OnReaped& on_reaped) {
    sigset_t child_ended_only;
    ::sigemptyset(&child_ended_only);
    ::sigaddset(&child_ended_only, SIGCHLD);
    milliseconds pause = first_pause;
    while (kill_descendants_once(on_reaped)) {
        const timespec limit{pause.count() / 1'000, pause.count() % 1'000 * 1'000'000};
        const bool has_ended = ::sigtimedwait(&child_ended_only, nullptr, &limit) == SIGCHLD;
        pause = has_ended ? first_pause : std::min(2 * pause, longest_pause);
    }
}

asio::awaitable<void> sweep_descendants() {
    return sweep_in_rounds([] { return kill_descendants_once(); });
}

asio::awaitable<void> sweep_orphans(std::function<bool(pid_t)> is_kept) {
    return sweep_in_rounds([is_kept = std::move(is_kept)] { return kill_orphans_once(is_kept); });
}

}  // namespace vrun::process
