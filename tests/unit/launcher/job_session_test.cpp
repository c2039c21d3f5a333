// SPDX-License-Identifier: Apache-2.0
#include "launcher/job_session.hpp"

#include "tests/unit/launcher/fake_daemon.hpp"
#include "wire/messages/launch.hpp"

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

wire::Failure killed_rank_3() {
    return {FailureKind::signaled, 1, "b", true, 3, 9, "", 137};
}

TEST(JobSession, WritesTheOutputAndReturnsTheExitCode) {
    play([](Scene& scene) -> asio::awaitable<void> {
        co_await scene.accept();
        scene.say(wire::JobStarted{}, 0);
        scene.say(output(0, StreamId::out, "from a\n"), 0);
        scene.say(output(2, StreamId::err, "from b\n"), 1);
        const wire::Message credit = co_await scene.expect(MessageType::credit);
        EXPECT_EQ(credit.route, (wire::Route{test::job_id, 0, wire::to_controller}));
        EXPECT_EQ(wire::body_of<wire::Credit>(credit).bytes, 7u);
        scene.end_normally();
        const wire::Message closed = co_await scene.expect(MessageType::job_closed);
        EXPECT_EQ(closed.route.job, test::job_id);
        const int code = co_await scene.exit_code();
        EXPECT_EQ(code, 0);
        EXPECT_EQ(scene.written(), "from a\n");
        EXPECT_EQ(scene.said(), "from b\n");
    });
}

TEST(JobSession, WaitsForTheLastOutputOfEveryNode) {
    play([](Scene& scene) -> asio::awaitable<void> {
        co_await scene.accept();
        scene.say(wire::JobEnded{}, 0);
        scene.say(wire::OutputEnd{}, 0);
        co_await test::settle();
        EXPECT_FALSE(scene.has_ended());
        scene.say(output(2, StreamId::out, "late\n"), 1);
        scene.say(wire::OutputEnd{}, 1);
        const int code = co_await scene.exit_code();
        EXPECT_EQ(code, 0);
        EXPECT_EQ(scene.written(), "late\n");
    });
}

TEST(JobSession, WaitsUntilASlowReaderHasEverything) {
    play([](Scene& scene) -> asio::awaitable<void> {
        co_await scene.accept();
        const std::string line(65'000, 'x');
        for (int i = 0; i < 10; ++i)
            scene.say(output(0, StreamId::out, line), 0);
        scene.end_normally();
        co_await test::settle();
        EXPECT_FALSE(scene.has_ended());
        std::size_t got = 0;
        const auto is_done = [&] { return (got += scene.written().size()) == 650'000; };
        co_await test::until(is_done);
        const int code = co_await scene.exit_code();
        EXPECT_EQ(code, 0);
    });
}

TEST(JobSession, DoesNotWaitForALostNode) {
    play([](Scene& scene) -> asio::awaitable<void> {
        co_await scene.accept();
        scene.say(wire::NodeLost{1, "b", "10.1.0.2", "silent for 12 s"});
        scene.say(wire::JobFailed{{FailureKind::node_lost, 1, "b", false, 0, 0, "silent", 121}}, 0);
        scene.say(wire::OutputEnd{}, 0);
        wire::JobEnded ended{
            121, {FailureKind::node_lost, 1, "b", false, 0, 0, "silent", 121}, {1}};
        scene.say(ended, 0);
        const int code = co_await scene.exit_code();
        EXPECT_EQ(code, 121);
        const std::string said = scene.said();
        EXPECT_EQ(count_of(said, "lost"), 1u) << said;
        EXPECT_EQ(count_of(said, "node b (10.1.0.2)"), 1u) << said;
    });
}

TEST(JobSession, SaysOnceWhichRankFailed) {
    play([](Scene& scene) -> asio::awaitable<void> {
        co_await scene.accept();
        scene.say(wire::JobFailed{killed_rank_3()}, 0);
        for (const wire::NodeIndex node : {0u, 1u})
            scene.say(wire::OutputEnd{}, node);
        scene.say(wire::JobEnded{137, killed_rank_3(), {}}, 0);
        const int code = co_await scene.exit_code();
        EXPECT_EQ(code, 137);
        EXPECT_EQ(scene.said(), "vrun: rank 3 on node b was killed by signal 9 (SIGKILL)\n");
    });
}

TEST(JobSession, NeverTurnsAFailureIntoSuccess) {
    play([](Scene& scene) -> asio::awaitable<void> {
        co_await scene.accept();
        scene.end_normally(256);
        const int code = co_await scene.exit_code();
        EXPECT_EQ(code, 1);
    });
}

TEST(JobSession, ShowsWhyAJobIsRefused) {
    play([](Scene& scene) -> asio::awaitable<void> {
        co_await scene.submit();
        scene.say(
            wire::JobRefused{120, "8 slots are too few for 9 ranks\ntry --oversubscribe\x1b["});
        const int code = co_await scene.exit_code();
        EXPECT_EQ(code, 120);
        EXPECT_EQ(scene.said(),
                  "vrun: 8 slots are too few for 9 ranks\nvrun: try --oversubscribe\\x1b[\n");
    });
}

TEST(JobSession, ShowsTheMapWhenAsked) {
    play([](Scene& scene) -> asio::awaitable<void> {
        scene.options.verbose = true;
        co_await scene.submit();
        scene.say(wire::Progress{"waiting for b"});
        scene.say(test::two_nodes());
        scene.say(wire::JobStarted{}, 0);
        scene.end_normally();
        const int code = co_await scene.exit_code();
        EXPECT_EQ(code, 0);
        const std::string said = scene.said();
        for (const char* part :
             {"vrun: waiting for b\n", "vrun:   b (10.1.0.2): ranks 2-3\n",
              "vrun: network: 10.1.0.0/16 (eth1)\n", "vrun: all ranks are started\n"})
            EXPECT_NE(said.find(part), said.npos) << part;
    });
}

TEST(JobSession, KeepsSilentWithoutBeingAsked) {
    play([](Scene& scene) -> asio::awaitable<void> {
        co_await scene.submit();
        scene.say(wire::Progress{"waiting for b"});
        wire::JobAccepted accepted = test::two_nodes();
        accepted.notices = {"no core is free on a"};
        scene.say(accepted);
        scene.end_normally();
        (void)co_await scene.exit_code();
        EXPECT_EQ(scene.said(), "vrun: no core is free on a\n");
    });
}

constexpr auto lost_venv = wire::NoticeKind::lost_venv, moved_shm = wire::NoticeKind::moved_shm;

void find_three_oddities(Scene& scene) {
    scene.say(wire::NodeNotice{lost_venv, "'/v\x1b' is not there"}, 1);
    scene.say(wire::NodeNotice{lost_venv, "another sentence"}, 0);
    scene.say(wire::NodeNotice{moved_shm, "files are in /tmp"}, 0);
    scene.say(wire::NodeNotice{lost_venv, "of no node"}, 7);
    scene.end_normally();
}

TEST(JobSession, ShowsWhatNodesFindOddOnceOfAKind) {
    play([](Scene& scene) -> asio::awaitable<void> {
        co_await scene.accept();
        find_three_oddities(scene);
        (void)co_await scene.exit_code();
        EXPECT_EQ(scene.said(), "vrun: node b: '/v\\x1b' is not there\n");
    });
}

TEST(JobSession, ShowsWhatWasMendedToWhoAsks) {
    play([](Scene& scene) -> asio::awaitable<void> {
        scene.options.verbose = true;
        co_await scene.accept();
        find_three_oddities(scene);
        (void)co_await scene.exit_code();
        EXPECT_NE(scene.said().find("vrun: node a: files are in /tmp\n"), std::string::npos);
    });
}

TEST(JobSession, ShowsNothingOddWhenToldToBeQuiet) {
    play([](Scene& scene) -> asio::awaitable<void> {
        scene.options.quiet = true;
        co_await scene.accept();
        find_three_oddities(scene);
        (void)co_await scene.exit_code();
        EXPECT_EQ(scene.said(), "");
    });
}

TEST(JobSession, SaysWhereToLookForAMissingModule) {
    play([](Scene& scene) -> asio::awaitable<void> {
        co_await scene.accept();
        wire::Failure failure = killed_rank_3();
        failure.kind = FailureKind::exited;
        failure.code = failure.exit_code = 1;
        scene.say(wire::JobFailed{failure}, 0);  // overtakes the output
        scene.say(output(3, StreamId::err, "ModuleNotFoundError: No module named 'x'\n"), 1);
        for (const wire::NodeIndex node : {0u, 1u})
            scene.say(wire::OutputEnd{}, node);
        scene.say(wire::JobEnded{1, failure, {}}, 0);
        (void)co_await scene.exit_code();
        EXPECT_NE(scene.said().find("vrun --host b -n 1 python3 -c 'import sys;"),
                  std::string::npos);
    });
}

TEST(JobSession, EndsWithTheDaemon) {
    play([](Scene& scene) -> asio::awaitable<void> {
        co_await scene.accept();
        scene.hang_up();
        const int code = co_await scene.exit_code();
        EXPECT_EQ(code, 122);
        EXPECT_NE(scene.said().find("the daemon is lost"), std::string::npos);
    });
}

TEST(JobSession, EndsWithADaemonThatStandsStill) {
    play([](Scene& scene) -> asio::awaitable<void> {
        scene.options.silence_max = std::chrono::milliseconds{300};
        co_await scene.accept();
        for (std::uint64_t i = 0; i < 4; ++i) {
            scene.say(wire::Beat{i, 0});
            co_await test::settle();
            co_await test::settle();
        }
        EXPECT_FALSE(scene.has_ended()) << "beats came";
        const int code = co_await scene.exit_code();
        EXPECT_EQ(code, 122);
    });
}

TEST(JobSession, PassesOnTheDaemonsGoodbye) {
    play([](Scene& scene) -> asio::awaitable<void> {
        co_await scene.accept();
        scene.say(wire::Goodbye{122, "vrund on a was told to end"});
        const int code = co_await scene.exit_code();
        EXPECT_EQ(code, 122);
        EXPECT_EQ(scene.said(), "vrun: vrund on a was told to end\n");
    });
}

TEST(JobSession, RefusesAnImpossibleMap) {
    play([](Scene& scene) -> asio::awaitable<void> {
        co_await scene.submit();
        wire::JobAccepted accepted = test::two_nodes();
        accepted.runs.front().node = 9;
        scene.say(accepted);
        const int code = co_await scene.exit_code();
        EXPECT_EQ(code, 122);
    });
}

TEST(JobSession, EndsTheJobQuietlyWhenItsReaderLeaves) {
    play([](Scene& scene) -> asio::awaitable<void> {
        co_await scene.accept();
        scene.output.reader = UniqueFd{};
        scene.say(output(0, StreamId::out, "nobody\n"), 0);
        const wire::Message end = co_await scene.expect(MessageType::end_job);
        const auto order = wire::body_of<wire::EndJob>(end);
        EXPECT_EQ(end.route.to, 0u);
        EXPECT_EQ(order.mode, wire::EndMode::kill);
        EXPECT_EQ(order.cause.kind, FailureKind::client_gone);
        EXPECT_EQ(order.cause.exit_code, 141);
        scene.say(wire::JobFailed{order.cause}, 0);
        scene.end_normally(141);
        const int code = co_await scene.exit_code();
        EXPECT_EQ(code, 141);
        EXPECT_EQ(scene.said(), "");
    });
}

TEST(JobSession, IsNoSuccessWhenTheLastOutputIsLost) {
    play([](Scene& scene) -> asio::awaitable<void> {
        const UniqueFd full = test::open_file("/dev/full", O_WRONLY);
        scene.options.out_fd = full.get();
        co_await scene.accept();
        scene.say(output(0, StreamId::out, "lost\n"), 0);
        scene.end_normally();
        const int code = co_await scene.exit_code();
        EXPECT_EQ(code, 74);
        EXPECT_EQ(scene.said(), "vrun: writing standard output: No space left on device\n");
    });
}

TEST(JobSession, GivesItsInputToRankZero) {
    play([](Scene& scene) -> asio::awaitable<void> {
        wire::JobAccepted accepted = test::two_nodes();
        accepted.runs = {{1, 0, 2, 0}, {0, 2, 2, 0}};
        co_await scene.accept(accepted);
        (void)!::write(scene.input.writer.get(), "12345678", 8);
        scene.input.writer = UniqueFd{};
        scene.say(wire::Credit{StreamId::in, 5}, 1);
        const wire::Message first = co_await scene.expect(MessageType::input);
        EXPECT_EQ(first.route.to, 1u);
        EXPECT_EQ(wire::body_of<wire::Input>(first).bytes, wire::bytes_of("12345"));
        scene.say(wire::Credit{StreamId::in, 5}, 1);
        const wire::Message second = co_await scene.expect(MessageType::input);
        EXPECT_EQ(wire::body_of<wire::Input>(second).bytes, wire::bytes_of("678"));
        const wire::Message end = co_await scene.expect(MessageType::input_end);
        EXPECT_EQ(end.route.to, 1u);
        scene.end_normally();
        (void)co_await scene.exit_code();
    });
}

TEST(JobSession, StopsReadingWhenRankZeroIsGone) {
    play([](Scene& scene) -> asio::awaitable<void> {
        co_await scene.accept();
        scene.say(wire::InputClosed{}, 0);
        scene.say(wire::Credit{StreamId::in, 100}, 0);
        co_await test::settle();
        (void)!::write(scene.input.writer.get(), "for the next", 12);
        co_await test::settle();
        EXPECT_EQ(test::drain(scene.input.reader), "for the next");
        scene.end_normally();
        (void)co_await scene.exit_code();
    });
}

TEST(JobSession, IgnoresTheEndOfAJobThatIsNotAcceptedYet) {
    play([](Scene& scene) -> asio::awaitable<void> {
        co_await scene.submit();
        scene.say(wire::JobEnded{3, {}, {}}, 0);
        co_await test::settle();  // or JobAccepted, a control message, would overtake it
        scene.say(test::two_nodes());
        scene.end_normally();
        const int code = co_await scene.exit_code();
        EXPECT_EQ(code, 0);
    });
}

}  // namespace
}  // namespace vrun::launcher
