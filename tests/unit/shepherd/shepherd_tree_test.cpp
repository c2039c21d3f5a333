// SPDX-License-Identifier: Apache-2.0
// A shepherd among others: the test plays the other nodes and their daemons.
#include "shepherd_under_test.hpp"
#include "wire/job_id.hpp"
#include "wire/messages/wireup.hpp"

#include <gtest/gtest.h>

namespace vrun::shepherd {
namespace {

using namespace test;
using wire::FailureKind;

// One rank on each; the shepherd is told which of them it is.
wire::LaunchJob two_nodes(const std::string& script) {
    wire::LaunchJob job = test::sample_job(2, 1);
    job.job = wire::random_id();
    job.nodes[1].name = "n0";  // the shepherd's own
    job.nodes[0].name = "other";
    job.apps[0].argv = {"sh", "-c", script};
    job.environment = {"PATH=/usr/bin:/bin"};
    return job;
}

TEST(ShepherdInATree, ReportsToTheRootAndObeysIt) {
    with_shepherd([](ShepherdUnderTest& shepherd) -> Task {
        shepherd.start(two_nodes("exit 5"), 1);
        const auto reported = [&] {
            return !shepherd.exits.empty() && !shepherd.nodes_started.empty();
        };
        co_await shepherd.until(reported);
        EXPECT_EQ(shepherd.nodes_started, std::vector<wire::NodeIndex>{1});
        EXPECT_EQ(shepherd.exits[0].rank, 1u);
        EXPECT_EQ(shepherd.exits[0].code, 5);
        EXPECT_FALSE(shepherd.done);
        wire::EndJob sweep;
        sweep.mode = wire::EndMode::sweep;
        shepherd.send(sweep, 0);
        const auto done = [&] { return shepherd.done.has_value(); };
        co_await shepherd.until(done);
        EXPECT_EQ(shepherd.done->nodes, std::vector<wire::NodeIndex>{1});
        EXPECT_EQ(shepherd.done_route.to, 0u);
        EXPECT_TRUE(shepherd.output_end);
    });
}

TEST(ShepherdInATree, EndsItsPartWhenItsParentIsLost) {
    with_shepherd([](ShepherdUnderTest& shepherd) -> Task {
        shepherd.start(two_nodes("sleep 1000"), 1);
        const auto started = [&] { return !shepherd.nodes_started.empty(); };
        co_await shepherd.until(started);
        shepherd.send(wire::NodeLost{0, "other", "10.1.0.1", "silent"}, 1);
        const auto done = [&] { return shepherd.done.has_value(); };
        co_await shepherd.until(done);
        EXPECT_EQ(shepherd.done_route.to, wire::to_controller) << "the parent cannot hear it";
    });
}

TEST(ShepherdInATree, TellsTheRootWhyTheControllerEndedThisNode) {
    with_shepherd([](ShepherdUnderTest& shepherd) -> Task {
        shepherd.start(two_nodes("sleep 1000"), 1);
        const auto started = [&] { return !shepherd.nodes_started.empty(); };
        co_await shepherd.until(started);
        wire::EndJob end;
        end.mode = wire::EndMode::kill;
        end.cause.kind = FailureKind::client_gone;
        shepherd.send(end);
        const auto told = [&] { return !shepherd.exits.empty() && !shepherd.end_requests.empty(); };
        co_await shepherd.until(told);
        EXPECT_EQ(shepherd.end_requests[0].cause.kind, FailureKind::client_gone);
        EXPECT_TRUE(shepherd.exits[0].signaled);
    });
}

TEST(ShepherdInATree, AsTheRootDoesNotWaitForALostNode) {
    with_shepherd([](ShepherdUnderTest& shepherd) -> Task {
        wire::LaunchJob job = two_nodes("sleep 1000");
        std::swap(job.nodes[0].name, job.nodes[1].name);
        shepherd.start(job, 0);
        const auto credit_came = [&] { return shepherd.input_credit > 0; };
        co_await shepherd.until(credit_came);
        shepherd.send(wire::NodeLost{1, "other", "10.1.0.2", "its connection closed"}, 0);
        co_await shepherd.job_ends();
        EXPECT_EQ(shepherd.ended->exit_code, 121);
        EXPECT_EQ(shepherd.ended->lost, std::vector<wire::NodeIndex>{1});
        EXPECT_NE(shepherd.failures.at(0).text.find("its connection closed"), std::string::npos);
    });
}

TEST(ShepherdInATree, AnswersModexRequestsForUnknownRanksAtOnce) {
    with_shepherd([](ShepherdUnderTest& shepherd) -> Task {
        shepherd.start(two_nodes("sleep 1000"), 1);
        shepherd.send(wire::ModexRequest{42, 0}, 0);  // rank 0 is not on node 1
        const auto answered = [&] { return !shepherd.modex_replies.empty(); };
        co_await shepherd.until(answered);
        EXPECT_EQ(shepherd.modex_replies[0].id, 42u);
        EXPECT_NE(shepherd.modex_replies[0].status, 0);
    });
}

}  // namespace
}  // namespace vrun::shepherd
