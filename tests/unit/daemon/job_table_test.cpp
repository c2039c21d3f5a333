// SPDX-License-Identifier: Apache-2.0
#include "daemon/job_table.hpp"

#include <gtest/gtest.h>

namespace vrun::daemon {
namespace {

using wire::to_controller;

constexpr wire::Incarnation controller = 1000;

// Node i has the incarnation i + 1.
Job job_of(std::size_t nodes, std::optional<wire::NodeIndex> self) {
    Job job;
    job.id = 7;
    job.controller = controller;
    for (std::size_t i = 0; i < nodes; ++i)
        job.nodes.push_back({i + 1, "n" + std::to_string(i), "", 0, 2});
    job.self = self;
    return job;
}

Hop to_peer(wire::Incarnation peer) {
    return {HopKind::peer, peer};
}

TEST(NextHop, OfAMessageForTheControllerIsItsDaemonOrItsVrun) {
    Job job = job_of(3, 1);
    EXPECT_EQ(next_hop(job, to_controller, Origin::node), to_peer(controller));
    job.is_controller = true;
    EXPECT_EQ(next_hop(job, to_controller, Origin::node), Hop{HopKind::client});
}

TEST(NextHop, OfAMessageForThisNodeIsItsShepherd) {
    EXPECT_EQ(next_hop(job_of(3, 1), 1, Origin::node), Hop{HopKind::shepherd});
    EXPECT_EQ(next_hop(job_of(3, 1), 1, Origin::client), Hop{HopKind::shepherd});
}

TEST(NextHop, FollowsTheTreeBetweenNodes) {
    const Job leaf = job_of(40, 20);  // 20 is a child of 1, which is a child of 0
    EXPECT_EQ(next_hop(leaf, 0, Origin::node), to_peer(2));
    EXPECT_EQ(next_hop(leaf, 33, Origin::node), to_peer(2));
    const Job root = job_of(40, 0);
    EXPECT_EQ(next_hop(root, 20, Origin::node), to_peer(2));
    EXPECT_EQ(next_hop(root, 33, Origin::node), to_peer(3));
}

TEST(NextHop, IsTheNodeItselfForWhatVrunSays) {
    Job job = job_of(40, 0);
    job.is_controller = true;
    EXPECT_EQ(next_hop(job, 20, Origin::client), to_peer(21));
}

TEST(NextHop, IsTheNodeItselfForAControllerThatHasNoRanks) {
    Job job = job_of(40, std::nullopt);
    job.is_controller = true;
    EXPECT_EQ(next_hop(job, 20, Origin::node), to_peer(21));
}

TEST(NextHop, IsNowhereForANodeThatTheJobDoesNotHave) {
    EXPECT_EQ(next_hop(job_of(3, 1), 3, Origin::node), Hop{});
}

TEST(TreeNeighbours, AreTheChildrenAndTheParent) {
    EXPECT_EQ(tree_neighbours(0, 1), (std::vector<wire::NodeIndex>{}));
    EXPECT_EQ(tree_neighbours(0, 3), (std::vector<wire::NodeIndex>{1, 2}));
    EXPECT_EQ(tree_neighbours(1, 19), (std::vector<wire::NodeIndex>{17, 18, 0}));
}

TEST(JobTable, KnowsTheScaleOfItsJobsOnly) {
    JobTable jobs;
    jobs.add(7).scale = {12, 3};
    const auto known = jobs.scale_of(wire::MessageType::fence_result, wire::Route{7, 0, 0}, {});
    EXPECT_TRUE(known && known->ranks == 12 && known->nodes == 3);
    EXPECT_FALSE(jobs.scale_of(wire::MessageType::fence_result, wire::Route{8, 0, 0}, {}));
}

}  // namespace
}  // namespace vrun::daemon
