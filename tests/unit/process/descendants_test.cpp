// SPDX-License-Identifier: Apache-2.0
#include "process/descendants.hpp"

#include "process/pipe.hpp"
#include "process/spawner.hpp"
#include "tests/support/loop.hpp"

#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <algorithm>
#include <asio/signal_set.hpp>
#include <asio/use_awaitable.hpp>
#include <csignal>
#include <thread>

namespace vrun::process {
namespace {

using test::run_loop;

class Descendants : public testing::Test {
protected:
    void SetUp() override { ::prctl(PR_SET_CHILD_SUBREAPER, 1); }
    void TearDown() override {
        EXPECT_TRUE(children_of(::getpid()).empty());
        kill_all_descendants();
        ::prctl(PR_SET_CHILD_SUBREAPER, 0);
    }

    // Runs a script that says one line when all of its processes run.
    pid_t start(const char* script) const {
        Pipe pipe = make_pipe();
        const pid_t pid = check(::fork(), "fork");
        if (pid == 0) {
            ::dup2(pipe.writer.get(), STDOUT_FILENO);
            ::execl("/bin/sh", "sh", "-c", script, nullptr);
            ::_exit(127);
        }
        pipe.writer = UniqueFd{};
        char byte = 0;
        check(::read(pipe.reader.get(), &byte, 1), "read");
        return pid;
    }
};

constexpr const char* family =
    "setsid sleep 600 & (setsid sleep 600 &) ; sh -c 'sleep 600 & echo; wait'; wait";

TEST_F(Descendants, AreThereUntilTheLastIsReaped) {
    EXPECT_FALSE(has_children());
    const pid_t shell = start("(setsid sh -c 'echo; exec sleep 600' &)");
    check(::waitpid(shell, nullptr, 0), "waitpid");
    EXPECT_TRUE(has_children());  // it lost its parent and is ours
    kill_all_descendants();
    EXPECT_FALSE(has_children());
}

TEST_F(Descendants, HearASignalAlsoOutsideTheirGroup) {
    const pid_t shell = start(
        "setsid sh -c 'trap \"exit 0\" TERM; echo; while :; do sleep 600 & "
        "wait; done' & wait $!; exit 5");
    signal_descendants(SIGTERM);
    int status = 0;
    check(::waitpid(shell, &status, 0), "waitpid");
    EXPECT_TRUE(WIFSIGNALED(status));
    kill_all_descendants();
}

TEST_F(Descendants, AreFoundParentsFirst) {
    const pid_t shell = start(family);
    const auto found = descendants_of(::getpid());
    EXPECT_GE(found.size(), 5u);
    for (const Descendant one : found) {
        const auto at = [&](pid_t pid) {
            return std::find_if(found.begin(), found.end(),
                                [&](Descendant d) { return d.pid == pid; });
        };
        if (one.parent == ::getpid()) continue;
        EXPECT_LT(at(one.parent), at(one.pid));
    }
    EXPECT_EQ(::kill(shell, 0), 0);
    kill_all_descendants();
}

TEST_F(Descendants, IncludeThoseThatAThreadStarted) {
    pid_t pid = 0;
    std::thread{[&] {
        pid = ::fork();
        if (pid == 0) {
            ::pause();
            ::_exit(0);
        }
        const auto children = children_of(::getpid());
        EXPECT_EQ(children, std::vector<pid_t>{pid});
    }}.join();
    kill_all_descendants();
}

TEST_F(Descendants, AreAllKilledWithTheStatusToldToTheCaller) {
    const pid_t shell = start(family);
    int status = 0;
    kill_all_descendants([&](pid_t pid, int wait_status) {
        if (pid == shell) status = wait_status;
    });
    EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

TEST_F(Descendants, AreSweptWhileTheLoopGoesOn) {
    start(family);
    run_loop([](asio::any_io_executor) -> asio::awaitable<void> { co_await sweep_descendants(); });
    EXPECT_FALSE(kill_descendants_once());
}

TEST_F(Descendants, OfOthersAreSweptOnlyOnceTheyLostTheirParent) {
    const pid_t ours = start("echo; exec sleep 600");
    const pid_t gone = start(family);
    ::kill(gone, SIGKILL);
    run_loop([&](asio::any_io_executor) -> asio::awaitable<void> {
        auto sweeping = sweep_orphans([&](pid_t pid) { return pid == ours; });
        co_await std::move(sweeping);
    });
    EXPECT_EQ(children_of(::getpid()), std::vector<pid_t>{ours});
    EXPECT_EQ(::waitpid(ours, nullptr, WNOHANG), 0);
    kill_all_descendants();
}

TEST_F(Descendants, ThatOthersWaitForAreNotReaped) {
    run_loop([](asio::any_io_executor loop) -> asio::awaitable<void> {
        asio::signal_set signals{loop, SIGCHLD};
        const auto plan = [] {
            return ChildPlan{.argv = {"sh", "-c", "exit 5"},
                             .program = "/bin/sh",
                             .environment = {},
                             .stdio = {open_null(), open_null(), open_null()}};
        };
        Spawner spawner{loop};
        Child kept = spawner.spawn(plan()).value();
        Child orphan = spawner.spawn(plan()).value();
        const pid_t orphan_pid = orphan.pid();
        siginfo_t info{};
        ::waitid(P_PID, static_cast<id_t>(kept.pid()), &info, WEXITED | WNOWAIT);
        ::waitid(P_PID, static_cast<id_t>(orphan_pid), &info, WEXITED | WNOWAIT);
        reap_orphans([&](pid_t pid) { return pid == kept.pid(); });
        EXPECT_EQ(::kill(orphan_pid, 0), -1);
        const ExitStatus status = co_await kept.wait();
        EXPECT_EQ(exit_code_of(status), 5);
    });
}

}  // namespace
}  // namespace vrun::process
