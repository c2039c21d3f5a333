// SPDX-License-Identifier: Apache-2.0
// What a session does with the signals that vrun gets.
#include "launcher/job_session.hpp"

#include "tests/unit/launcher/fake_daemon.hpp"

#include <gtest/gtest.h>

namespace vrun::launcher {
namespace {

using test::count_of;
using test::output;
using test::play;
using test::Scene;
using wire::FailureKind;
using wire::MessageType;
using wire::StreamId;

TEST(JobSessionSignals, EndsTheJobWithGraceThenAtOnce) {
    play([](Scene& scene) -> asio::awaitable<void> {
        co_await scene.accept();
        ::kill(::getpid(), SIGINT);
        const wire::Message first = co_await scene.expect(MessageType::end_job);
        const auto order = wire::body_of<wire::EndJob>(first);
        EXPECT_EQ(order.mode, wire::EndMode::terminate);
        EXPECT_EQ(order.grace_ms, wire::end_grace_ms);
        EXPECT_EQ(order.cause.kind, FailureKind::cancelled);
        EXPECT_EQ(order.cause.code, SIGINT);
        EXPECT_EQ(order.cause.exit_code, 130);
        ::kill(::getpid(), SIGINT);
        const wire::Message second = co_await scene.expect(MessageType::end_job);
        EXPECT_EQ(wire::body_of<wire::EndJob>(second).mode, wire::EndMode::kill);
        scene.say(wire::JobFailed{order.cause}, 0);
        scene.end_normally(130);
        const int code = co_await scene.exit_code();
        EXPECT_EQ(code, 130);
        const std::string said = scene.said();
        EXPECT_EQ(count_of(said, "vrun: "), 2u) << said;
    });
}

TEST(JobSessionSignals, LeavesAtOnceOnTheThirdSignal) {
    play([](Scene& scene) -> asio::awaitable<void> {
        co_await scene.accept();
        for (const int number : {SIGINT, SIGTERM, SIGHUP}) {
            ::kill(::getpid(), number);
            co_await test::settle();
        }
        const int code = co_await scene.exit_code();
        EXPECT_EQ(code, 128 + SIGHUP);
    });
}

TEST(JobSessionSignals, CancelsAWaitingJobAtOnce) {
    play([](Scene& scene) -> asio::awaitable<void> {
        co_await scene.submit();
        ::kill(::getpid(), SIGINT);
        const int code = co_await scene.exit_code();
        EXPECT_EQ(code, 130);
    });
}

TEST(JobSessionSignals, CanBeInterruptedWhileNobodyReads) {
    play([](Scene& scene) -> asio::awaitable<void> {
        co_await scene.accept();
        const std::string line(65'000, 'x');
        for (int i = 0; i < 10; ++i)
            scene.say(output(0, StreamId::out, line), 0);
        scene.end_normally();
        co_await test::settle();
        ::kill(::getpid(), SIGINT);
        const int code = co_await scene.exit_code();
        EXPECT_EQ(code, 130);
    });
}

TEST(JobSessionSignals, ForwardsSignalsToTheRanks) {
    play([](Scene& scene) -> asio::awaitable<void> {
        co_await scene.accept();
        for (const int number : {SIGUSR1, SIGUSR2, SIGALRM, SIGTSTP, SIGCONT}) {
            ::kill(::getpid(), number);
            const wire::Message message = co_await scene.expect(MessageType::signal);
            EXPECT_EQ(wire::body_of<wire::Signal>(message).number, number);
            EXPECT_EQ(message.route.to, 0u);
        }
        co_await test::settle();
        EXPECT_EQ(scene.stops, 1);
        scene.end_normally();
        (void)co_await scene.exit_code();
    });
}

TEST(JobSessionSignals, KeepsSignalsForTheRanksUntilThereIsAJob) {
    play([](Scene& scene) -> asio::awaitable<void> {
        co_await scene.submit();
        ::kill(::getpid(), SIGUSR1);
        co_await test::settle();
        scene.say(test::two_nodes());
        const wire::Message message = co_await scene.expect(MessageType::signal);
        EXPECT_EQ(wire::body_of<wire::Signal>(message).number, SIGUSR1);
        scene.end_normally();
        (void)co_await scene.exit_code();
    });
}

}  // namespace
}  // namespace vrun::launcher
