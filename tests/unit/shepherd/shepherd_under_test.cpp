// SPDX-License-Identifier: Apache-2.0
#include "shepherd_under_test.hpp"

#include "process/pipe.hpp"
#include "wire/base/result.hpp"
#include "wire/job_id.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <stdexcept>

namespace vrun::shepherd::test {

ShepherdUnderTest::ShepherdUnderTest(asio::any_io_executor loop)
    : loop_{loop}, tasks_{loop, [](std::string_view, std::exception_ptr) {}}, news_{loop} {}

Task ShepherdUnderTest::begin() {
    std::array<int, 2> ends{};
    check(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()), "socketpair");
    link.emplace(wire::make_local_stream(loop_, UniqueFd{ends[0]}));
    process::Pipe pipe = process::make_pipe();
    lifeline = std::move(pipe.writer);
    guard.emplace(spawn(UniqueFd{ends[1]}, std::move(pipe.reader)));
    tasks_.spawn("write", link->run_writer());
    wire::Hello hello;
    hello.role = wire::Role::daemon;
    const wire::Hello theirs = co_await wire::exchange_hello(*link, hello);
    role = theirs.role;
    tasks_.spawn("read", read());
}

process::Child ShepherdUnderTest::spawn(UniqueFd socket, UniqueFd lifeline_end) {
    process::ChildPlan plan;
    plan.program = VRUN_SHEPHERD;
    plan.argv = {"vrun-shepherd", "--name", "n0"};
    plan.environment = {"PATH=/usr/bin:/bin"};
    plan.stdio[0] = process::open_null();
    for (std::size_t i : {1, 2})
        plan.stdio[i] = UniqueFd{check(::fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3), "fcntl")};
    plan.descriptors.emplace_back(std::move(socket), 3);
    plan.descriptors.emplace_back(std::move(lifeline_end), 4);
    return process::Spawner{loop_}.spawn(std::move(plan)).value();
}

Task ShepherdUnderTest::end() {
    if (status) co_return;
    link->close();
    status = co_await guard->wait();
    tasks_.cancel();
    co_await tasks_.join();
}

void ShepherdUnderTest::start(const wire::LaunchJob& launch, wire::NodeIndex node) {
    job_ = launch.job;
    node_ = node;
    ended.reset();
    done.reset();
    output_end.reset();
    link->send(wire::StartRanks{launch, node, {}, {}}, wire::Route{job_, node, node});
}

Task ShepherdUnderTest::until(std::function<bool()> happened) {
    const auto deadline = std::chrono::steady_clock::now() + test_limit;
    while (!happened()) {
        if (gone) throw std::runtime_error{"the shepherd is gone"};
        news_.expires_at(deadline);
        co_await news_.async_wait(asio::experimental::as_tuple(asio::use_awaitable));
        if (std::chrono::steady_clock::now() >= deadline)
            throw std::runtime_error{"waited in vain"};
    }
}

Task ShepherdUnderTest::job_ends() {
    return until([this] { return ended.has_value(); });
}

Task ShepherdUnderTest::read() {
    try {
        while (std::optional<wire::Message> message = co_await link->receive()) {
            hear(*message);
            news_.cancel();
        }
    } catch (const std::system_error&) {  // it went without a word
    }
    gone = true;
    news_.cancel();
}

void ShepherdUnderTest::hear(const wire::Message& message) {
    using wire::body_of;
    using enum wire::MessageType;
    switch (message.type) {
    case shepherd_ready:
        ready = true;
        return;
    case beat:
        ++beats;
        return;
    case output:
        return hear_output(body_of<wire::Output>(message));
    case wire::MessageType::output_end:
        this->output_end = body_of<wire::OutputEnd>(message);
        return;
    case credit:
        input_credit += body_of<wire::Credit>(message).bytes;
        return;
    case input_closed:
        ++inputs_closed;
        return;
    case fence_contribution:
        contributions.push_back(body_of<wire::FenceContribution>(message));
        return;
    case modex_reply:
        modex_replies.push_back(body_of<wire::ModexReply>(message));
        return;
    default:
        return hear_of_job(message);
    }
}

void ShepherdUnderTest::hear_of_job(const wire::Message& message) {
    using wire::body_of;
    using enum wire::MessageType;
    switch (message.type) {
    case job_started:
        ++started;
        return;
    case job_failed:
        failures.push_back(body_of<wire::JobFailed>(message).failure);
        return;
    case rank_exited:
        exits.push_back(body_of<wire::RankExited>(message));
        return;
    case ranks_started:
        nodes_started = body_of<wire::RanksStarted>(message).nodes;
        return;
    case end_job:
        end_requests.push_back(body_of<wire::EndJob>(message));
        return;
    case job_ended:
        ended = body_of<wire::JobEnded>(message);
        return;
    case node_done:
        done = body_of<wire::NodeDone>(message);
        done_route = message.route;
        return;
    default:
        return;
    }
}

void ShepherdUnderTest::hear_output(const wire::Output& output) {
    texts[{output.rank, output.stream}] += wire::view_as_text(output.bytes);
    const auto size = static_cast<std::uint32_t>(output.bytes.size());
    if (gives_credit) send(wire::Credit{output.stream, size});
}

std::string ShepherdUnderTest::text(wire::Rank rank, wire::StreamId stream) const {
    const auto found = texts.find({rank, stream});
    return found == texts.end() ? "" : found->second;
}

void with_shepherd(std::function<Task(ShepherdUnderTest&)> body) {
    const auto all = [&](asio::any_io_executor loop) -> Task {
        ShepherdUnderTest shepherd{loop};
        co_await shepherd.begin();
        co_await body(shepherd);
        co_await shepherd.end();
    };
    run_loop(all, test_limit);
}

void run_alone(wire::LaunchJob job, std::function<void(ShepherdUnderTest&)> look) {
    with_shepherd([&](ShepherdUnderTest& shepherd) -> Task {
        shepherd.start(job);
        co_await shepherd.job_ends();
        look(shepherd);
    });
}

wire::LaunchJob job_of(std::uint32_t ranks, std::vector<std::string> argv) {
    wire::LaunchJob job = sample_job(1, ranks);
    job.job = wire::random_id();
    job.apps[0].argv = std::move(argv);
    job.environment = {"PATH=/usr/bin:/bin", "HOME=/nonexistent"};
    return job;
}

wire::LaunchJob script_of(std::uint32_t ranks, const std::string& script) {
    return job_of(ranks, {"sh", "-c", script});
}

}  // namespace vrun::shepherd::test
