// SPDX-License-Identifier: Apache-2.0
#include "daemon/rank_cores.hpp"

#include <gtest/gtest.h>

namespace vrun::daemon {
namespace {

using process::CpuSet, process::Machine;

CpuSet set_of(const std::string& text) {
    return CpuSet::of_text(text).value_or(CpuSet{});
}

const Machine& four_cores() {
    static const Machine machine = Machine::synthetic("pack:1 [numa] core:4 pu:1").value();
    return machine;
}

wire::LaunchJob launch_of(std::uint32_t ranks) {
    wire::LaunchJob launch;
    launch.nodes.resize(1);
    launch.nodes[0].name = "node1";
    launch.apps.resize(1);
    launch.runs = {{0, 0, ranks, 0}};
    return launch;
}

std::string text_of(const CorePlan& plan) {
    std::string text;
    for (const CpuSet& set : plan.ranks)
        text += (text.empty() ? "" : " ") + (set.empty() ? std::string{"-"} : set.text());
    return text;
}

TEST(RankCores, OfTwoJobsAreNotTheSame) {
    const CorePlan first = plan_cores(four_cores(), {}, launch_of(2), 0, false);
    EXPECT_EQ(text_of(first), "0 1");
    EXPECT_EQ(first.held.text(), "0-1");
    const CorePlan second = plan_cores(four_cores(), first.held, launch_of(1), 0, false);
    EXPECT_EQ(text_of(second), "2");
    EXPECT_EQ(second.notice, "");
}

// As mpirun of Open MPI 5.0.7 does.
TEST(RankCores, OfOpenMpi5AreOneForEachOfTwoRanksAndElseAPackage) {
    const auto two_packages = Machine::synthetic("pack:2 [numa] core:2 pu:1").value();
    wire::LaunchJob launch = launch_of(2);
    launch.placement.personality = wire::Personality::openmpi5;
    EXPECT_EQ(text_of(plan_cores(two_packages, {}, launch, 0, false)), "0 1");
    launch.runs = {{0, 0, 3, 0}};
    EXPECT_EQ(text_of(plan_cores(two_packages, {}, launch, 0, false)), "0-1 2-3 0-1");
}

TEST(RankCores, AreNoneWhenOthersHoldThem) {
    const CorePlan plan = plan_cores(four_cores(), set_of("0-2"), launch_of(2), 0, false);
    EXPECT_TRUE(plan.ranks.empty());
    EXPECT_TRUE(plan.held.empty());
    EXPECT_EQ(plan.notice, "");
}

TEST(RankCores, WhoAskedForABindingIsToldThatOthersHoldThem) {
    wire::LaunchJob two = launch_of(2), one = launch_of(1);
    two.placement.bind.to = one.placement.bind.to = wire::BindTo::object;
    const CorePlan plan = plan_cores(four_cores(), set_of("0-2"), two, 0, false);
    EXPECT_TRUE(plan.ranks.empty());
    EXPECT_TRUE(plan.held.empty());
    EXPECT_EQ(plan.notice, "other jobs leave 1 free core for 2 ranks here, so they are not bound");
    const CorePlan full = plan_cores(four_cores(), set_of("0-3"), one, 0, false);
    EXPECT_TRUE(full.ranks.empty());
    EXPECT_NE(full.notice.find("0 free cores for 1 rank here, so it is not bound"),
              std::string::npos)
        << full.notice;
}

// Three ranks on a NUMA node of four cores may move among all of them and need three.
TEST(RankCores, OfRanksThatMayMoveAreHeldFromTheEnd) {
    const CorePlan wide = plan_cores(four_cores(), {}, launch_of(3), 0, false);
    EXPECT_EQ(text_of(wide), "0-3 0-3 0-3");
    EXPECT_EQ(wide.held.text(), "1-3");
    EXPECT_EQ(text_of(plan_cores(four_cores(), wide.held, launch_of(1), 0, false)), "0");
}

TEST(RankCores, AreThoseThatTheUserNamedWhoeverHoldsThem) {
    wire::LaunchJob launch = launch_of(2);
    launch.rank_cpus = {"1", ""};
    const CorePlan plan = plan_cores(four_cores(), set_of("0-3"), launch, 0, false);
    EXPECT_EQ(text_of(plan), "1 -");
    EXPECT_EQ(plan.notice, "");
}

TEST(RankCores, AreNoneByDefaultUnderAQuotaOrWhenOversubscribed) {
    EXPECT_EQ(text_of(plan_cores(four_cores(), {}, launch_of(2), 0, /*cores_are_shared=*/true)),
              "");
    wire::LaunchJob launch = launch_of(2);
    launch.oversubscribed = true;
    EXPECT_EQ(text_of(plan_cores(four_cores(), {}, launch, 0, false)), "");
    EXPECT_TRUE(never_binds(launch));
    launch.placement.bind.to = wire::BindTo::object;
    EXPECT_EQ(text_of(plan_cores(four_cores(), {}, launch, 0, /*cores_are_shared=*/true)), "0 1");
}

TEST(RankCores, SayWhyAWishCannotBe) {
    wire::LaunchJob launch = launch_of(5);
    launch.placement.bind.to = wire::BindTo::object;
    EXPECT_EQ(plan_cores(four_cores(), {}, launch, 0, false).problem,
              "--bind-to core: 5 ranks on this node, 4 free cores; type --bind-to none, or add "
              ":overload-allowed");
    launch.placement.bind.overload_allowed = true;
    EXPECT_EQ(text_of(plan_cores(four_cores(), {}, launch, 0, false)), "0 1 2 3 0");
}

TEST(RankCores, FollowAListOfCores) {
    wire::LaunchJob launch = launch_of(2);
    launch.placement.cpu_set = "2-3";
    EXPECT_EQ(text_of(plan_cores(four_cores(), {}, launch, 0, false)), "2 3");
    launch.placement.bind.to = wire::BindTo::none;
    EXPECT_EQ(text_of(plan_cores(four_cores(), {}, launch, 0, false)), "2-3 2-3");
    launch.placement.cpu_set = "7";
    EXPECT_EQ(plan_cores(four_cores(), {}, launch, 0, false).problem,
              "--cpu-set '7': this machine has no such core or package");
}

TEST(RankCores, OfHydraGoRoundTheObjects) {
    wire::LaunchJob launch = launch_of(5);
    launch.placement.personality = wire::Personality::hydra;
    EXPECT_EQ(text_of(plan_cores(four_cores(), {}, launch, 0, false)), "");
    launch.placement.bind.to = wire::BindTo::object;
    EXPECT_EQ(text_of(plan_cores(four_cores(), {}, launch, 0, false)), "0 1 2 3 0");
    launch.placement.bind.count = 2;
    launch.placement.map.by = wire::MapBy::object;
    launch.placement.map.object = wire::Object::package;
    EXPECT_EQ(text_of(plan_cores(four_cores(), {}, launch, 0, false)), "0-1 2-3 0-1 2-3 0-1");
    launch.placement.bind.to = wire::BindTo::each_own;
    launch.placement.bind.cpu_list = "0+2,1x2";
    EXPECT_EQ(text_of(plan_cores(four_cores(), {}, launch, 0, false)), "0,2 1 1 - -");
}

}  // namespace
}  // namespace vrun::daemon
