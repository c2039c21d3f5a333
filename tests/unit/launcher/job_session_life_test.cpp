// SPDX-License-Identifier: Apache-2.0
// Time limits, ranks that fail while the job goes on, and the progress line.
#include "tests/unit/launcher/fake_daemon.hpp"
#include "wire/messages/launch.hpp"
#include "wire/messages/state.hpp"

#include <gtest/gtest.h>

namespace vrun::launcher {
namespace {

using std::chrono::seconds;
using test::count_of;
using test::play;
using test::Scene;
using wire::MessageType;

wire::EndJob end_in(const wire::Message& message) {
    return wire::body_of<wire::EndJob>(message);
}

TEST(JobSessionLife, EndsAJobWhoseTimeIsOver) {
    play([](Scene& scene) -> asio::awaitable<void> {
        scene.options.life.timeout = seconds{1};
        co_await scene.accept();
        scene.say(wire::JobStarted{}, 0);
        const wire::Message message = co_await scene.expect(MessageType::end_job);
        const wire::EndJob end = end_in(message);
        EXPECT_EQ(end.mode, wire::EndMode::terminate);
        EXPECT_EQ(end.cause.kind, wire::FailureKind::timed_out);
        EXPECT_EQ(end.cause.exit_code, 110);
        scene.say(wire::JobFailed{end.cause}, 0);
        scene.end_normally(110);
        const int code = co_await scene.exit_code();
        EXPECT_EQ(code, 110);
        const std::string said = scene.said();
        EXPECT_EQ(count_of(said, "time limit for job execution has been reached"), 1u) << said;
        EXPECT_EQ(count_of(said, "Timeout: 1 seconds"), 1u) << said;
        EXPECT_EQ(count_of(said, "time is over"), 0u) << "said twice: " << said;
    });
}

TEST(JobSessionLife, LeavesAtOnceWhenTheTimeIsOverBeforeThereIsAJob) {
    play([](Scene& scene) -> asio::awaitable<void> {
        scene.options.life.timeout = seconds{1};
        co_await scene.submit();
        const int code = co_await scene.exit_code();
        EXPECT_EQ(code, 110);
    });
}

TEST(JobSessionLife, EndsAJobThatDoesNotStart) {
    play([](Scene& scene) -> asio::awaitable<void> {
        scene.options.life.spawn_timeout = seconds{1};
        co_await scene.accept();
        const wire::Message message = co_await scene.expect(MessageType::end_job);
        EXPECT_EQ(end_in(message).cause.exit_code, 110);
        scene.end_normally(110);
        const int code = co_await scene.exit_code();
        EXPECT_EQ(code, 110);
        EXPECT_EQ(count_of(scene.said(), "had not started after 1 s (--spawn-timeout)"), 1u);
    });
}

TEST(JobSessionLife, DoesNotEndAJobThatStartedInTime) {
    play([](Scene& scene) -> asio::awaitable<void> {
        scene.options.life.spawn_timeout = seconds{1};
        scene.options.life.timeout = seconds{2};
        co_await scene.accept();
        scene.say(wire::JobStarted{}, 0);
        const wire::Message message = co_await scene.expect(MessageType::end_job);
        EXPECT_EQ(count_of(scene.said(), "--spawn-timeout"), 0u);
        scene.end_normally(110);
        (void)co_await scene.exit_code();
    });
}

TEST(JobSessionLife, AsksEveryNodeWhatItsRanksDo) {
    play([](Scene& scene) -> asio::awaitable<void> {
        scene.options.life.timeout = seconds{1};
        scene.options.life.tells_state = true;
        scene.options.life.tells_stacks = true;
        co_await scene.accept();
        for (const wire::NodeIndex node : {0u, 1u}) {
            const wire::Message asked = co_await scene.expect(MessageType::get_state);
            EXPECT_EQ(asked.route.to, node);
            EXPECT_FALSE(wire::body_of<wire::GetState>(asked).with_stacks);
        }
        using enum wire::RankPhase;
        scene.say(wire::NodeState{{{0, in_mpi, 40}, {1, in_mpi, 41}}}, 0);
        scene.say(wire::NodeState{{{2, in_mpi, 42}, {3, running, 43}}}, 1);
        const wire::Message asked = co_await scene.expect(MessageType::get_state);
        EXPECT_TRUE(wire::body_of<wire::GetState>(asked).with_stacks);
        scene.say(wire::NodeState{{{0, in_mpi, 40, 0, "poll ()"}, {1, in_mpi, 41}}, true}, 0);
        scene.say(wire::NodeState{{{2, in_mpi, 42}, {3, running, 43}}, true}, 1);
        const wire::Message end = co_await scene.expect(MessageType::end_job);
        scene.end_normally(110);
        const int code = co_await scene.exit_code();
        EXPECT_EQ(code, 110);
        const std::string said = scene.said();
        EXPECT_EQ(count_of(said, "State: IN MPI"), 3u) << said;
        EXPECT_EQ(count_of(said, "    poll ()\n"), 1u) << said;
    });
}

TEST(JobSessionLife, SaysWhichRanksFailedInAJobThatGoesOn) {
    play([](Scene& scene) -> asio::awaitable<void> {
        co_await scene.accept();
        scene.say(wire::JobStarted{}, 0);
        for (wire::Rank rank = 0; rank < 20; ++rank)
            scene.say(
                wire::RankFailed{{wire::FailureKind::signaled, 1, "b", true, rank, 9, "", 137}}, 0);
        scene.end_normally(137);
        const int code = co_await scene.exit_code();
        EXPECT_EQ(code, 137);
        const std::string said = scene.said();
        EXPECT_EQ(count_of(said, "rank 3 on node b was killed by signal 9 (SIGKILL); the others"),
                  1u)
            << said;
        EXPECT_EQ(count_of(said, "; the others go on"), 8u) << said;
        EXPECT_EQ(count_of(said, "20 ranks failed, and the job went on"), 1u) << said;
    });
}

TEST(JobSessionLife, ShowsProgressUntilAllRun) {
    play([](Scene& scene) -> asio::awaitable<void> {
        scene.options.show_progress = true;
        scene.options.life.shows_progress_at_once = true;
        co_await scene.submit();
        std::string said;
        const auto has_begun = [&] { return !(said += scene.said()).empty(); };
        co_await test::until(has_begun);
        EXPECT_TRUE(said.starts_with("vrun: waiting for the daemon (")) << said;
        scene.say(test::two_nodes());
        scene.say(wire::StartProgress{1}, 0);
        const auto has_gone_on = [&] {
            return count_of(said += scene.said(), "1 of 2 nodes run") == 1;
        };
        co_await test::until(has_gone_on);
        scene.say(wire::JobStarted{}, 0);
        scene.say(test::output(0, wire::StreamId::err, "x\n"), 0);
        scene.end_normally();
        (void)co_await scene.exit_code();
        said += scene.said();
        EXPECT_TRUE(said.ends_with("\r\033[Kx\n")) << said;
    });
}

TEST(JobSessionLife, TellsWhereTheJobIs) {
    play([](Scene& scene) -> asio::awaitable<void> {
        scene.options.life.uri_to = "-";
        co_await scene.accept();
        scene.end_normally();
        (void)co_await scene.exit_code();
        EXPECT_EQ(scene.written(), "5111808.0;tcp://10.1.0.1:7117\n");
    });
}

}  // namespace
}  // namespace vrun::launcher
