// SPDX-License-Identifier: Apache-2.0
// tests/unit/shepherd/shepherd_under_test: a real vrun-shepherd, and the test in its daemon's
// place. Starts the program as vrund does, gives credit as vrun does, and keeps what it hears. Job
// messages that another node would get are heard here, too.
#pragma once

#include "process/spawner.hpp"
#include "sample_job.hpp"
#include "tests/support/loop.hpp"
#include "wire/base/task_group.hpp"
#include "wire/hello.hpp"
#include "wire/messages/end.hpp"
#include "wire/messages/io.hpp"
#include "wire/messages/wireup.hpp"

#include <map>
#include <optional>

namespace vrun::shepherd::test {

using Task = asio::awaitable<void>;
using vrun::test::run_loop;

inline constexpr std::chrono::seconds test_limit{50};  // this machine may be busy with other tests

class ShepherdUnderTest {
public:
    explicit ShepherdUnderTest(asio::any_io_executor loop);

    Task begin();
    // Hangs up, as vrund does with a shepherd that it no longer needs.
    Task end();

    void start(const wire::LaunchJob& launch, wire::NodeIndex node = 0);

    template <class Body>
    void send(const Body& body, wire::NodeIndex from = wire::to_controller) {
        link->send(body, wire::Route{job_, node_, from});
    }

    // Until `happened` says so, asked after every message; throws after test_limit.
    Task until(std::function<bool()> happened);
    Task job_ends();

    std::string out(wire::Rank rank) const { return text(rank, wire::StreamId::out); }
    std::string err(wire::Rank rank) const { return text(rank, wire::StreamId::err); }
    asio::any_io_executor loop() const { return loop_; }

    std::optional<wire::Link> link;
    std::optional<process::Child> guard;
    UniqueFd lifeline;
    std::optional<process::ExitStatus> status;  // of the guard, after end()
    wire::Role role = wire::Role::launcher;
    bool ready = false, gone = false, gives_credit = true;
    int started = 0, beats = 0, inputs_closed = 0;
    std::uint64_t input_credit = 0;
    std::map<std::pair<wire::Rank, wire::StreamId>, std::string> texts;
    std::vector<wire::Failure> failures;
    std::vector<wire::RankExited> exits;
    std::vector<wire::NodeIndex> nodes_started;
    std::vector<wire::EndJob> end_requests;
    std::vector<wire::ModexReply> modex_replies;
    std::vector<wire::FenceContribution> contributions;
    std::optional<wire::OutputEnd> output_end;
    std::optional<wire::JobEnded> ended;
    std::optional<wire::NodeDone> done;
    wire::Route done_route;

private:
    process::Child spawn(UniqueFd socket, UniqueFd lifeline_end);
    Task read();
    void hear(const wire::Message& message);
    void hear_of_job(const wire::Message& message);
    void hear_output(const wire::Output& output);
    std::string text(wire::Rank rank, wire::StreamId stream) const;

    asio::any_io_executor loop_;
    TaskGroup tasks_;
    asio::steady_timer news_;
    wire::JobId job_ = 0;
    wire::NodeIndex node_ = 0;
};

// Runs `body` with a shepherd of its own.
void with_shepherd(std::function<Task(ShepherdUnderTest&)> body);
// One job on one node, then `look` at what was heard.
void run_alone(wire::LaunchJob job, std::function<void(ShepherdUnderTest&)> look);

// On one node, with an id of its own.
wire::LaunchJob job_of(std::uint32_t ranks, std::vector<std::string> argv);
wire::LaunchJob script_of(std::uint32_t ranks, const std::string& script);

}  // namespace vrun::shepherd::test
