// SPDX-License-Identifier: Apache-2.0
#include "daemon/detached/job_reports.hpp"

#include "wire/job_id.hpp"

#include <gtest/gtest.h>

namespace vrun::daemon {
namespace {

using wire::JobPhase;

wire::JobReport report(wire::JobId job, wire::NodeIndex self, JobPhase phase,
                       std::uint64_t age_ms = 0, std::uint32_t turn = 0) {
    wire::JobReport report;
    report.job = job;
    report.self = self;
    report.phase = phase;
    report.age_ms = age_ms;
    report.turn = turn;
    return report;
}

TEST(SoundReport, IsOfItsOwnNode) {
    constexpr wire::Incarnation a = 7, b = 8;
    wire::JobReport one = report(1, 0, JobPhase::running);
    EXPECT_FALSE(is_sound(one, a)) << "no nodes";
    one.nodes = {{a, "a", "", 0, 1}, {b, "b", "", 0, 1}};
    EXPECT_FALSE(is_sound(one, a)) << "more nodes than there are";
    one.node_count = 2;
    EXPECT_TRUE(is_sound(one, a));
    EXPECT_FALSE(is_sound(one, b)) << "b speaks as the root";
    one.self = 1;
    EXPECT_TRUE(is_sound(one, b));
    one.self = 2;
    EXPECT_FALSE(is_sound(one, b)) << "no such node";
    one.nodes.resize(1);
    EXPECT_FALSE(is_sound(one, b)) << "no such node, in a list";
    one.self = 1;
    EXPECT_TRUE(is_sound(one, b)) << "in a list";
    one.self = 0;
    EXPECT_FALSE(is_sound(one, a)) << "the root names all";
}

TEST(MergedReports, HaveEachJobOnceAndTheOldestFirst) {
    const auto list =
        merged({report(1, 0, JobPhase::running, 10), report(2, 1, JobPhase::running),
                report(3, 0, JobPhase::ended, 99), report(2, 2, JobPhase::ended, 50)});
    ASSERT_EQ(list.size(), 3u);
    EXPECT_EQ(list[0].job, 3u);
    EXPECT_EQ(list[1].job, 2u);
    EXPECT_EQ(list[2].job, 1u);
}

TEST(MergedReports, BelieveTheRootWhereverItStands) {
    const auto root = report(1, 0, JobPhase::ended, 5, 1),
               other = report(1, 3, JobPhase::running, 7, 2);
    for (const auto& list : {merged({root, other}), merged({other, root})}) {
        ASSERT_EQ(list.size(), 1u);
        EXPECT_EQ(list[0].self, 0u);
        EXPECT_EQ(list[0].phase, JobPhase::ended);
        EXPECT_EQ(list[0].age_ms, 7u);  // the first who heard of it
        EXPECT_EQ(list[0].turn, 2u);    // the root may not have heard of the last turn
    }
}

TEST(MergedReports, WithoutTheRootAreOfTheLowestNode) {
    const auto list = merged({report(1, 4, JobPhase::running), report(1, 2, JobPhase::ending)});
    ASSERT_EQ(list.size(), 1u);
    EXPECT_EQ(list[0].self, 2u);
    EXPECT_EQ(list[0].phase, JobPhase::ending);
}

wire::JobId job_named(const std::string& begin) {
    return *wire::id_of(begin + std::string(13 - begin.size(), '0'));
}

std::string choice(const wire::JobList& list, std::string_view id) {
    const auto found = chosen(list, id);
    if (const auto* refusal = std::get_if<wire::JobRefused>(&found)) {
        EXPECT_EQ(refusal->exit_code, wire::exit_code::no_job);
        return refusal->sentence;
    }
    return wire::id_text(std::get<wire::JobReport>(found).job);
}

TEST(ChosenJob, IsTheOneThatBeginsSo) {
    wire::JobList list;
    list.jobs = {report(job_named("0ab"), 0, JobPhase::running),
                 report(job_named("0ac"), 0, JobPhase::running)};
    list.silent = {"w9: did not answer"};
    EXPECT_EQ(choice(list, "0ab"), "0ab0000000000");
    EXPECT_EQ(choice(list, "0ac0000000000"), "0ac0000000000");
    EXPECT_EQ(choice(list, "0a"), "several jobs begin with 0a: 0ab0000000000, 0ac0000000000");
    EXPECT_EQ(choice(list, "1\x1b"),
              "no node knows a job 1\\x1b of yours; it may have ended (`vrunctl jobs` lists those "
              "that are known)\n  not asked: w9: did not answer");
    EXPECT_NE(choice(list, "").find("no node knows"), std::string::npos);
}

}  // namespace
}  // namespace vrun::daemon
