// SPDX-License-Identifier: Apache-2.0
#include "launcher/input_reader.hpp"

#include "tests/support/loop.hpp"
#include "tests/unit/launcher/descriptors.hpp"
#include "wire/base/task_group.hpp"

#include <gtest/gtest.h>
#include <pty.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <asio/io_context.hpp>
#include <csignal>

namespace vrun::launcher {
namespace {

struct Bench {
    Bench(asio::any_io_executor loop, int fd)
        : reader{loop,
                 fd,
                 {[this](wire::Bytes bytes) { text += wire::view_as_text(bytes); },
                  [this](std::error_code code) { ++ends, error = code; }}},
          tasks{loop, [](std::string_view name, std::exception_ptr) { ADD_FAILURE() << name; }} {
        tasks.spawn("read", reader.run());
    }

    std::string text;
    int ends = 0;
    std::error_code error;
    InputReader reader;
    TaskGroup tasks;
};

asio::awaitable<void> read_with_credit(asio::any_io_executor loop, test::Ends ends) {
    Bench bench{loop, ends.reader.get()};
    (void)!::write(ends.writer.get(), "0123456789", 10);
    co_await test::settle();
    EXPECT_EQ(bench.text, "") << "read without credit";
    bench.reader.add_credit(4);
    co_await test::settle();
    EXPECT_EQ(bench.text, "0123");
    bench.reader.add_credit(100);
    const auto is_done = [&] { return bench.text == "0123456789"; };
    co_await test::until(is_done);
    EXPECT_EQ(bench.ends, 0);
    (void)!::write(ends.writer.get(), "more", 4);
    ends.writer = UniqueFd{};
    co_await bench.tasks.join();
    EXPECT_EQ(bench.text, "0123456789more");
    EXPECT_EQ(bench.ends, 1);
    EXPECT_FALSE(bench.error);
    EXPECT_FALSE(test::is_nonblocking(ends.reader)) << "others share it";
}

TEST(InputReader, ReadsAPipeAsFarAsItsCredit) {
    test::run_loop(
        [](asio::any_io_executor loop) { return read_with_credit(loop, test::make_pipe()); });
}

TEST(InputReader, ReadsASocketAsFarAsItsCredit) {
    test::run_loop([](asio::any_io_executor loop) {
        return read_with_credit(loop, test::make_socket_pair());
    });
}

TEST(InputReader, ReadsAPipeThatCannotBeReopened) {
    test::run_loop([](asio::any_io_executor loop) -> asio::awaitable<void> {
        test::Ends ends = test::make_pipe();
        ::fchmod(ends.reader.get(), 0);
        const bool is_root = ::geteuid() == 0;
        if (is_root) (void)!::seteuid(65534);
        auto work = read_with_credit(loop, std::move(ends));
        co_await std::move(work);
        if (is_root) (void)!::seteuid(0);
    });
}

TEST(InputReader, LeavesTheRestOfAFileToOthers) {
    test::run_loop([](asio::any_io_executor loop) -> asio::awaitable<void> {
        std::string path = testing::TempDir() + "launcher-input-XXXXXX";
        const UniqueFd file{::mkstemp(path.data())};
        ::unlink(path.c_str());
        (void)!::write(file.get(), "0123456789", 10);
        ::lseek(file.get(), 0, SEEK_SET);
        Bench bench{loop, file.get()};
        bench.reader.add_credit(6);
        co_await test::settle();
        EXPECT_EQ(bench.text, "012345");
        EXPECT_EQ(::lseek(file.get(), 0, SEEK_CUR), 6);
        bench.reader.add_credit(100);
        co_await bench.tasks.join();
        EXPECT_EQ(bench.text, "0123456789");
        EXPECT_EQ(bench.ends, 1);
    });
}

asio::awaitable<void> end_at_once(asio::any_io_executor loop, UniqueFd fd, int expected) {
    Bench bench{loop, fd.get()};
    bench.reader.add_credit(10);
    co_await bench.tasks.join();
    EXPECT_EQ(bench.ends, 1);
    EXPECT_EQ(bench.error.value(), expected);
    EXPECT_EQ(bench.text, "");
}

TEST(InputReader, EndsAtOnceOnTheNullDevice) {
    test::run_loop([](asio::any_io_executor loop) {
        return end_at_once(loop, test::open_file("/dev/null", O_RDONLY), 0);
    });
}

TEST(InputReader, EndsWithTheReasonWhenItCannotRead) {
    test::run_loop([](asio::any_io_executor loop) {
        return end_at_once(loop, test::open_file("/", O_RDONLY), EISDIR);
    });
    test::run_loop([](asio::any_io_executor loop) {
        return end_at_once(loop, test::open_file("/dev/null", O_WRONLY), EBADF);
    });
}

asio::awaitable<void> stop_while_waiting(asio::any_io_executor loop, bool for_credit) {
    const test::Ends ends = test::make_pipe();
    Bench bench{loop, ends.reader.get()};
    if (!for_credit) bench.reader.add_credit(10);
    co_await test::settle();
    bench.reader.stop();
    co_await bench.tasks.join();
    EXPECT_EQ(bench.ends, 0) << "there is nobody to tell";
}

TEST(InputReader, StopsWhileItWaitsForCredit) {
    test::run_loop(
        [](asio::any_io_executor loop) { return stop_while_waiting(loop, /*for_credit=*/true); });
}

TEST(InputReader, StopsWhileItWaitsForInput) {
    test::run_loop(
        [](asio::any_io_executor loop) { return stop_while_waiting(loop, /*for_credit=*/false); });
}

struct Terminal {
    UniqueFd master, slave;
};

Terminal make_terminal() {
    int master = -1, slave = -1;
    check(::openpty(&master, &slave, nullptr, nullptr, nullptr), "openpty");
    return {UniqueFd{master}, UniqueFd{slave}};
}

TEST(InputReader, ReadsATerminalUntilControlD) {
    test::run_loop([](asio::any_io_executor loop) -> asio::awaitable<void> {
        const Terminal terminal = make_terminal();
        Bench bench{loop, terminal.slave.get()};
        bench.reader.add_credit(100);
        (void)!::write(terminal.master.get(), "a line\n", 7);
        const auto is_done = [&] { return bench.text == "a line\n"; };
        co_await test::until(is_done);
        (void)!::write(terminal.master.get(), "\x04", 1);
        co_await bench.tasks.join();
        EXPECT_EQ(bench.ends, 1);
        EXPECT_FALSE(test::is_nonblocking(terminal.slave));
    });
}

// Runs as a session leader in the background of its own terminal: another group is in front.
// Returns what went wrong, 0 for nothing.
int in_background(bool wake_by_signal) {
    const Terminal terminal = make_terminal();
    std::signal(SIGTTIN, SIG_IGN);
    std::signal(SIGTTOU, SIG_IGN);
    std::signal(SIGHUP, SIG_IGN);  // when the terminal is closed
    if (::setsid() < 0 || ::ioctl(terminal.slave.get(), TIOCSCTTY, 0) < 0) return 1;
    const pid_t other = ::fork();
    if (other == 0) {
        ::setpgid(0, 0);
        ::pause();
    }
    ::setpgid(other, other);
    if (::tcsetpgrp(terminal.slave.get(), other) < 0) return 2;

    int problem = 0;
    asio::io_context loop{1};
    {
        Bench bench{loop.get_executor(), terminal.slave.get()};
        bench.reader.add_credit(100);
        (void)!::write(terminal.master.get(), "for the shell\n", 14);
        loop.run_for(std::chrono::milliseconds{100});
        if (!bench.text.empty() || bench.ends > 0) problem = 3;
        const auto handlers = loop.run_for(std::chrono::milliseconds{100});
        if (handlers > 5) problem = 4;  // it asks again and again
        ::tcsetpgrp(terminal.slave.get(), ::getpgrp());
        if (wake_by_signal)
            bench.reader.look_again();
        else
            (void)!::write(terminal.master.get(), "for us\n", 7);
        loop.run_for(std::chrono::milliseconds{100});
        if (!bench.text.starts_with("for the shell\n")) problem = 5;
        bench.reader.stop();
        loop.run_for(std::chrono::milliseconds{100});
    }
    ::kill(other, SIGKILL);
    ::waitpid(other, nullptr, 0);
    return problem;
}

int exit_code_of_child(int (*body)(bool), bool argument) {
    const pid_t child = ::fork();
    if (child == 0) ::_exit(body(argument));
    int status = 0;
    ::waitpid(child, &status, WUNTRACED);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST(InputReader, LeavesATerminalAloneUntilAContinueSignal) {
    EXPECT_EQ(exit_code_of_child(in_background, /*wake_by_signal=*/true), 0);
}

TEST(InputReader, NoticesALineTypedAfterItCameToTheForeground) {
    EXPECT_EQ(exit_code_of_child(in_background, /*wake_by_signal=*/false), 0);
}

}  // namespace
}  // namespace vrun::launcher
