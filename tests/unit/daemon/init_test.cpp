// SPDX-License-Identifier: Apache-2.0
#include "daemon/init.hpp"

#include "tests/support/loop.hpp"
#include "wire/base/fd.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <pty.h>
#include <spawn.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <array>
#include <asio/posix/stream_descriptor.hpp>
#include <asio/read_until.hpp>
#include <asio/use_awaitable.hpp>
#include <csignal>
#include <cstdlib>

namespace vrun::daemon {
namespace {

using Words = std::vector<std::string>;
using test::run_loop;

bool nobody(pid_t) {
    return false;
}

Words shell(const std::string& script) {
    return {"sh", "-c", script};
}

int run_to_end(Words command) {
    int code = -1;
    run_loop([&](asio::any_io_executor loop) -> asio::awaitable<void> {
        Init init{loop, nobody};
        const auto started = init.start(command);
        if (!started) co_return ADD_FAILURE() << started.error().message();
        code = co_await init.run();
    });
    return code;
}

TEST(Init, EndsWithTheCodeOfTheMainProgram) {
    EXPECT_EQ(run_to_end({"true"}), 0);
    EXPECT_EQ(run_to_end(shell("exit 7")), 7);
    EXPECT_EQ(run_to_end(shell("kill -KILL $$")), 128 + SIGKILL);
}

TEST(Init, SaysWhatCannotBeStarted) {
    run_loop([](asio::any_io_executor loop) -> asio::awaitable<void> {
        Init init{loop, nobody};
        const auto started = init.start({"/no/such/program"});
        EXPECT_FALSE(started);
        EXPECT_EQ(started.error().message(), "start '/no/such/program': No such file or directory");
        co_return;
    });
}

// The program says "ready" on a pipe once its traps are set; then we get the signal.
int code_after(int signal, const std::string& script) {
    int code = -1;
    run_loop([&](asio::any_io_executor loop) -> asio::awaitable<void> {
        std::array<int, 2> ends{};
        check(::pipe(ends.data()), "pipe");
        asio::posix::stream_descriptor reader{loop, ends[0]};
        UniqueFd writer{ends[1]};
        check(::fcntl(ends[0], F_SETFD, FD_CLOEXEC), "fcntl");
        Init init{loop, nobody};
        const auto started = init.start(
            shell(script + "; echo ready >&" + std::to_string(ends[1]) + "; sleep 60 & wait"));
        if (!started) co_return ADD_FAILURE() << started.error().message();
        std::string line;
        auto buffer = asio::dynamic_buffer(line);
        co_await asio::async_read_until(reader, buffer, '\n', asio::use_awaitable);
        ::kill(::getpid(), signal);
        code = co_await init.run();
        ::kill(-*started, SIGKILL);  // the sleep
    });
    return code;
}

TEST(Init, ForwardsSignalsToTheMainProgram) {
    EXPECT_EQ(code_after(SIGTERM, "trap 'exit 5' TERM"), 5);
    EXPECT_EQ(code_after(SIGINT, "trap 'exit 6' INT"), 6);
    EXPECT_EQ(code_after(SIGHUP, "trap 'exit 8' HUP"), 8);
    EXPECT_EQ(code_after(SIGUSR1, "trap 'exit 9' USR1"), 9);
    EXPECT_EQ(code_after(SIGRTMIN + 3, "trap 'exit 10' RTMIN+3 2>/dev/null || trap 'exit 10' 37"),
              10);
    EXPECT_EQ(code_after(SIGTERM, "true"), 128 + SIGTERM);
}

TEST(Init, WithoutAMainProgramEndsAtTermination) {
    for (const int signal : {SIGTERM, SIGINT, SIGHUP}) {
        run_loop([signal](asio::any_io_executor loop) -> asio::awaitable<void> {
            Init init{loop, nobody};
            ::kill(::getpid(), signal);
            const int code = co_await init.run();
            EXPECT_EQ(code, 0);
        });
    }
}

class AsPidOne : public testing::Test {
protected:
    AsPidOne() { check(::prctl(PR_SET_CHILD_SUBREAPER, 1), "prctl"); }
    ~AsPidOne() override { ::prctl(PR_SET_CHILD_SUBREAPER, 0); }
};

// Makes five orphans, and ends with 4 when /proc has none of them any more: when they are reaped.
constexpr const char* orphans_are_reaped =
    "for orphan in $( (for i in 1 2 3 4 5; do sh -c 'echo $$; exit 3' & done) ); do "
    "while [ -e /proc/$orphan ]; do :; done; done; exit 4";

TEST_F(AsPidOne, ReapsOrphans) {
    EXPECT_EQ(run_to_end(shell(orphans_are_reaped)), 4);
}

TEST_F(AsPidOne, LeavesTheChildrenOfOthersToThem) {
    run_loop([](asio::any_io_executor loop) -> asio::awaitable<void> {
        pid_t mine = 0;
        std::array<char*, 2> words{const_cast<char*>("true"), nullptr};
        check(-::posix_spawnp(&mine, "true", nullptr, nullptr, words.data(), environ),
              "posix_spawnp");
        Init init{loop, [mine](pid_t pid) { return pid == mine; }};
        const auto started = init.start(shell(orphans_are_reaped));
        EXPECT_TRUE(started);
        const int code = co_await init.run();
        EXPECT_EQ(code, 4);
        siginfo_t info{};
        EXPECT_EQ(::waitid(P_PID, static_cast<id_t>(mine), &info, WEXITED), 0);
        EXPECT_EQ(info.si_pid, mine);
    });
}

// In a session of its own with a terminal, as under `docker run -it`.
int run_on_terminal(const Words& command) {
    int master = -1;
    const pid_t pid = ::forkpty(&master, nullptr, nullptr, nullptr);
    check(pid, "forkpty");
    if (pid == 0) {
        asio::io_context loop;
        Init init{loop.get_executor(), nobody};
        int code = 99;
        if (init.start(command))
            asio::co_spawn(loop, init.run(), [&](std::exception_ptr, int result) {
                code = result;
                loop.stop();
            });
        loop.run();
        ::_exit(code);
    }
    const UniqueFd terminal{master};
    int status = 0;
    check(::waitpid(pid, &status, 0), "waitpid");
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST(Init, GivesTheTerminalToTheMainProgram) {
    // Field 8 of stat is the terminal's foreground group, field 5 the program's own.
    EXPECT_EQ(run_on_terminal(shell("set -- $(cat /proc/$$/stat); [ \"$5\" = \"$8\" ] && exit 11")),
              11);
}

}  // namespace
}  // namespace vrun::daemon
