// SPDX-License-Identifier: Apache-2.0
// tests/unit/launcher/fake_daemon: a session with pipes for its terminal and a test for its daemon.
// The test says what the daemon says; text() is what the user saw. Two nodes, a and b, ranks 0-1
// and 2-3, unless told otherwise.
#pragma once

#include "launcher/daemon_connection.hpp"
#include "launcher/job_session.hpp"
#include "tests/support/loop.hpp"
#include "tests/unit/launcher/descriptors.hpp"

#include <gtest/gtest.h>

namespace vrun::test {

inline constexpr wire::JobId job_id = 77;

inline wire::JobAccepted two_nodes() {
    wire::JobAccepted accepted;
    accepted.nodes = {{1, "a", "10.1.0.1", 7117, 2}, {2, "b", "10.1.0.2", 7117, 2}};
    accepted.runs = {{0, 0, 2, 0}, {1, 2, 2, 0}};
    accepted.network = "10.1.0.0/16 (eth1)";
    accepted.window = 65536;
    return accepted;
}

class Scene {
public:
    explicit Scene(asio::any_io_executor loop)
        : loop_{loop},
          pair_{make_socket_pair()},
          client_{loop, std::move(pair_.reader)},
          daemon_{wire::make_local_stream(loop, std::move(pair_.writer))},
          tasks_{loop, [](std::string_view name, std::exception_ptr) { ADD_FAILURE() << name; }} {
        options.in_fd = input.reader.get();
        options.out_fd = output.writer.get();
        options.err_fd = errors.writer.get();
        options.stop_self = [this] { ++stops; };
        tasks_.spawn("daemon", write_messages());
    }

    // Runs the session until it ends; the daemon has SubmitJob then.
    asio::awaitable<void> submit() {
        tasks_.spawn("session", run_session());
        const wire::Message submitted = co_await expect(wire::MessageType::submit_job);
        EXPECT_EQ(wire::body_of<wire::SubmitJob>(submitted).apps.front().argv.front(), "./a");
    }
    asio::awaitable<void> accept(wire::JobAccepted accepted = two_nodes()) {
        co_await submit();
        say(accepted);
        const auto is_done = [this] { return daemon_.queued_bytes() == 0; };
        co_await until(is_done);
        co_await settle();
    }

    template <class Body>
    void say(const Body& body, wire::NodeIndex from = wire::to_controller) {
        daemon_.send(body, wire::Route{job_id, wire::to_controller, from});
    }
    void end_normally(int exit_code = 0) {
        for (const wire::NodeIndex node : {0u, 1u})
            say(wire::OutputEnd{}, node);
        wire::JobEnded ended;
        ended.exit_code = exit_code;
        say(ended, 0);
    }
    void hang_up() { daemon_.close(); }

    // The next message of that type; others before it are dropped.
    asio::awaitable<wire::Message> expect(wire::MessageType type) {
        for (;;) {
            std::optional<wire::Message> message = co_await daemon_.receive();
            if (!message) throw std::runtime_error{"vrun hung up"};
            if (message->type == type) co_return std::move(*message);
        }
    }

    asio::awaitable<int> exit_code() {
        const auto is_done = [this] { return exit_code_.has_value(); };
        co_await until(is_done);
        daemon_.close();
        co_await tasks_.join();
        co_return *exit_code_;
    }
    bool has_ended() const { return exit_code_.has_value(); }
    std::string written() { return drain(output.reader); }
    std::string said() { return drain(errors.reader); }

    launcher::SessionOptions options;
    Ends input = make_pipe(), output = make_pipe(), errors = make_pipe();
    int stops = 0;

private:
    asio::awaitable<void> run_session() {
        launcher::JobSession session{loop_, client_.link(), options};
        wire::SubmitJob job;
        job.apps.emplace_back();
        job.apps.back().argv.emplace_back("./a");
        launcher::Lines notices;
        const int code = co_await session.run(std::move(job), std::move(notices));
        co_await client_.leave();
        exit_code_ = code;
    }
    asio::awaitable<void> write_messages() {
        try {
            co_await daemon_.run_writer();
        } catch (const std::system_error&) {  // vrun is gone
        }
    }

    asio::any_io_executor loop_;
    Ends pair_;
    launcher::DaemonConnection client_;
    wire::Link daemon_;
    TaskGroup tasks_;
    std::optional<int> exit_code_;
};

using Play = asio::awaitable<void> (*)(Scene&);

inline void play(Play body) {
    run_loop([body](asio::any_io_executor loop) -> asio::awaitable<void> {
        Scene scene{loop};
        co_await body(scene);
    });
}

inline std::size_t count_of(const std::string& text, const std::string& word) {
    std::size_t count = 0;
    for (std::size_t at = 0; (at = text.find(word, at)) != text.npos; at += word.size())
        ++count;
    return count;
}

inline wire::Output output(wire::Rank rank, wire::StreamId stream, std::string_view text) {
    return {rank, stream, wire::bytes_of(text)};
}

}  // namespace vrun::test
