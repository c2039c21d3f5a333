// SPDX-License-Identifier: Apache-2.0
// The program vrun, as a process, against a daemon that the test plays.
#include "launcher/job_words.hpp"
#include "tests/support/loop.hpp"
#include "tests/unit/launcher/descriptors.hpp"
#include "wire/base/task_group.hpp"
#include "wire/hello.hpp"
#include "wire/local_socket.hpp"
#include "wire/messages/end.hpp"
#include "wire/messages/io.hpp"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <asio/local/stream_protocol.hpp>
#include <csignal>
#include <cstdlib>

namespace vrun::launcher {
namespace {

using wire::MessageType;

constexpr wire::JobId job_id = 5;

struct Start {
    std::vector<std::string> words;
    int ignored_signal = 0;
    bool close_stdin = false;
};

// Its stderr goes to `errors`.
pid_t start_vrun(Start start, const test::Ends& errors) {
    std::vector<char*> argv{const_cast<char*>("vrun")};
    for (std::string& word : start.words)
        argv.push_back(word.data());
    argv.push_back(nullptr);
    const pid_t pid = ::fork();
    if (pid != 0) return pid;
    ::dup2(errors.writer.get(), 2);
    if (start.close_stdin) ::close(0);
    if (start.ignored_signal != 0) std::signal(start.ignored_signal, SIG_IGN);
    ::execv(VRUN_PROGRAM, argv.data());
    ::_exit(99);
}

int exit_code_after(Start start, std::string* said = nullptr) {
    const test::Ends errors = test::make_pipe();
    const pid_t pid = start_vrun(std::move(start), errors);
    int status = 0;
    ::waitpid(pid, &status, 0);
    if (said) *said = test::drain(errors.reader);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

class Daemon {
public:
    explicit Daemon(asio::any_io_executor loop)
        : path_{testing::TempDir() + "launcher-vrun-" + std::to_string(::getpid()) + ".sock"},
          listener_{std::move(wire::listen_local(path_)).value()},
          loop_{loop},
          tasks_{loop, [](std::string_view name, std::exception_ptr) { ADD_FAILURE() << name; }} {}
    ~Daemon() { ::unlink(path_.c_str()); }

    asio::awaitable<void> run(Start start) {
        start.words.insert(start.words.begin(), {"--socket", path_});
        pid = start_vrun(std::move(start), errors);
        int accepted = -1;
        const auto is_done = [&] {
            return (accepted = ::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC)) >= 0;
        };
        co_await test::until(is_done);
        link_.emplace(wire::make_local_stream(loop_, UniqueFd{accepted}));
        tasks_.spawn("write", link_->run_writer());
        wire::Hello hello;
        hello.role = wire::Role::daemon;
        (void)co_await wire::exchange_hello(*link_, std::move(hello));
        (void)co_await expect(MessageType::submit_job);
        wire::JobAccepted job;
        job.nodes.emplace_back();
        job.runs.push_back({0, 0, 1, 0});
        say(job);
    }
    template <class Body>
    void say(const Body& body) {
        link_->send(body, wire::Route{job_id, wire::to_controller, 0});
    }
    asio::awaitable<wire::Message> expect(MessageType type) {
        for (;;) {
            std::optional<wire::Message> message = co_await link_->receive();
            if (!message) throw std::runtime_error{"vrun hung up: " + test::drain(errors.reader)};
            if (message->type == type) co_return std::move(*message);
        }
    }
    asio::awaitable<int> status() {
        int status = 0;
        const auto is_done = [&] { return ::waitpid(pid, &status, WNOHANG | WUNTRACED) == pid; };
        co_await test::until(is_done);
        co_return status;
    }
    asio::awaitable<int> end(int exit_code) {
        say(wire::OutputEnd{});
        wire::JobEnded ended;
        ended.exit_code = exit_code;
        say(ended);
        const int result = co_await status();
        link_->close();
        co_await tasks_.join();
        co_return WIFEXITED(result) ? WEXITSTATUS(result) : -1;
    }

    pid_t pid = -1;
    test::Ends errors = test::make_pipe();

private:
    std::string path_;
    UniqueFd listener_;
    asio::any_io_executor loop_;
    TaskGroup tasks_;
    std::optional<wire::Link> link_;
};

TEST(VrunProgram, ReturnsTheExitCodeOfTheJob) {
    test::run_loop([](asio::any_io_executor loop) -> asio::awaitable<void> {
        Daemon daemon{loop};
        Start start;
        start.words = {"./a"};
        co_await daemon.run(std::move(start));
        const int code = co_await daemon.end(42);
        EXPECT_EQ(code, 42);
    });
}

TEST(VrunProgram, StopsAfterItsRanksAndContinuesAsOftenAsAsked) {
    test::run_loop([](asio::any_io_executor loop) -> asio::awaitable<void> {
        Daemon daemon{loop};
        Start start;
        start.words = {"./a"};
        co_await daemon.run(std::move(start));
        (void)co_await test::settle();
        for (int i = 0; i < 3; ++i) {
            ::kill(daemon.pid, SIGTSTP);
            const wire::Message stop = co_await daemon.expect(MessageType::signal);
            EXPECT_EQ(wire::body_of<wire::Signal>(stop).number, SIGTSTP);
            const int status = co_await daemon.status();
            EXPECT_TRUE(WIFSTOPPED(status));
            ::kill(daemon.pid, SIGCONT);
            const wire::Message resume = co_await daemon.expect(MessageType::signal);
            EXPECT_EQ(wire::body_of<wire::Signal>(resume).number, SIGCONT);
        }
        const int code = co_await daemon.end(0);
        EXPECT_EQ(code, 0);
    });
}

TEST(VrunProgram, KeepsIgnoringWhatWasIgnored) {
    test::run_loop([](asio::any_io_executor loop) -> asio::awaitable<void> {
        Daemon daemon{loop};
        Start start;
        start.words = {"./a"};
        start.ignored_signal = SIGINT;
        co_await daemon.run(std::move(start));
        ::kill(daemon.pid, SIGINT);
        ::kill(daemon.pid, SIGUSR1);
        co_await test::settle();
        const wire::Message message = co_await daemon.expect(MessageType::signal);
        EXPECT_EQ(wire::body_of<wire::Signal>(message).number, SIGUSR1);
        const int code = co_await daemon.end(0);
        EXPECT_EQ(code, 0);
    });
}

TEST(VrunProgram, TellsRankZeroThatThereIsNoInput) {
    test::run_loop([](asio::any_io_executor loop) -> asio::awaitable<void> {
        Daemon daemon{loop};
        Start start;
        start.words = {"./a"};
        start.close_stdin = true;
        co_await daemon.run(std::move(start));
        daemon.say(wire::Credit{wire::StreamId::in, 100});
        (void)co_await daemon.expect(MessageType::input_end);
        const int code = co_await daemon.end(0);
        EXPECT_EQ(code, 0);
    });
}

TEST(VrunProgram, NamesWhatIsWrong) {
    struct Row {
        std::vector<std::string> words;
        int exit_code;
        std::string said;
    };
    const std::vector<Row> rows{
        {{}, 2, "vrun: PROGRAM is missing"},
        {{"-n", "0", "./a"}, 2, "vrun: -n 0: not a positive number\n"},
        {{"--hots", "a", "./a"}, 2, "vrun: --hots (did you mean --hosts?)"},
        {{"--hostfile", "/no/such", "./a"},
         2,
         "vrun: read the hostfile /no/such: No such file or directory\n"},
        {{"--socket", "/no/such", "./a"},
         122,
         "vrun: connect to the daemon at /no/such: No such file or directory\n"},
        {{"--\x1b[2J", "./a"}, 2, "vrun: --\\x1b[2J"},
    };
    for (const Row& row : rows) {
        std::string said;
        EXPECT_EQ(exit_code_after({row.words}, &said), row.exit_code) << row.said;
        EXPECT_TRUE(said.starts_with(row.said)) << said;
    }
}

}  // namespace
}  // namespace vrun::launcher
