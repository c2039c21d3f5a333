// SPDX-License-Identifier: Apache-2.0
#include "daemon/shepherd/ruler.hpp"

#include "sample_job.hpp"

#include <gtest/gtest.h>
#include <array>
#include <numeric>

namespace vrun::shepherd {
namespace {

using test::sample_job;
using wire::EndMode;
using wire::FailureKind;
using wire::NodeIndex;
using wire::Rank;

// What a Ruler has ordered so far, and shorthands for what it hears.
class Court {
public:
    explicit Court(NodeIndex nodes = 2, std::uint32_t ranks_each = 2)
        : Court{sample_job(nodes, ranks_each)} {}
    explicit Court(const wire::LaunchJob& job) : ruler{job} {}

    void all_start(NodeIndex nodes = 2) {
        std::vector<NodeIndex> all(nodes);
        std::iota(all.begin(), all.end(), NodeIndex{0});
        hear(ruler.ranks_started(all));
    }
    void start(std::vector<NodeIndex> nodes) { hear(ruler.ranks_started(nodes)); }
    void ends_as(const wire::RankExited& exited) { hear(ruler.rank_exited(exited)); }
    void exits(Rank rank, int code = 0, bool mid_mpi = false) {
        hear(
            ruler.rank_exited({.rank = rank, .signaled = false, .code = code, .mid_mpi = mid_mpi}));
    }
    void killed(Rank rank, int signal) {
        hear(ruler.rank_exited({.rank = rank, .signaled = true, .code = signal}));
    }
    void aborts(Rank rank, int code) {
        hear(ruler.rank_aborted({.rank = rank, .code = code, .text = ""}));
    }
    void done(std::vector<NodeIndex> nodes) { hear(ruler.nodes_done(nodes)); }
    void is_cut_off() { hear(ruler.cut_off()); }
    void orphans_are_overdue() { hear(ruler.give_up_orphans()); }
    void loses(NodeIndex node, Witness witness = Witness::controller) {
        hear(ruler.node_lost({.node = node, .name = "x", .address = "10.1.0.9", .reason = "silent"},
                             witness));
    }
    void misses_the_controller(NodeIndex node) { hear(ruler.controller_lost(node)); }
    void cancel(EndMode mode, int signal) {
        wire::EndJob end;
        end.mode = mode;
        end.cause.kind = FailureKind::cancelled;
        end.cause.code = signal;
        hear(ruler.end_requested(end));
    }

    Ruler ruler;
    int started = 0;
    std::vector<wire::Failure> failures;
    std::vector<wire::EndJob> ends;
    std::vector<wire::JobEnded> ended;
    std::vector<wire::Failure> borne;  // that did not end the job
    std::vector<NodeIndex> without_ranks;
    std::vector<std::uint32_t> progress;

private:
    void hear(Orders orders) {
        for (Order& order : orders) {
            if (std::holds_alternative<wire::JobStarted>(order)) ++started;
            if (auto* failed = std::get_if<wire::JobFailed>(&order))
                failures.push_back(failed->failure);
            if (auto* end = std::get_if<wire::EndJob>(&order)) ends.push_back(*end);
            if (auto* one = std::get_if<wire::RankFailed>(&order)) borne.push_back(one->failure);
            if (auto* gone = std::get_if<wire::RanksGone>(&order))
                without_ranks.insert(without_ranks.end(), gone->nodes.begin(), gone->nodes.end());
            if (auto* part = std::get_if<wire::StartProgress>(&order))
                progress.push_back(part->nodes);
            if (auto* last = std::get_if<wire::JobEnded>(&order)) ended.push_back(*last);
        }
    }
};

std::vector<EndMode> modes(const Court& court) {
    std::vector<EndMode> found;
    for (const auto& end : court.ends)
        found.push_back(end.mode);
    return found;
}

TEST(Ruler, EndsAJobInWhichAllGoesWellWithZero) {
    Court court;
    court.all_start();
    EXPECT_EQ(court.started, 1);
    for (const Rank rank : {0, 1, 2})
        court.exits(rank);
    EXPECT_TRUE(court.ends.empty()) << "one rank still runs";
    court.exits(3);
    EXPECT_EQ(modes(court), std::vector{EndMode::sweep});
    court.done({0});
    EXPECT_TRUE(court.ended.empty()) << "node 1 still drains";
    court.done({1});
    ASSERT_EQ(court.ended.size(), 1u);
    EXPECT_EQ(court.ended[0].exit_code, 0);
    EXPECT_EQ(court.ended[0].failure.kind, FailureKind::none);
    EXPECT_TRUE(court.failures.empty());
    EXPECT_EQ(court.ruler.state(), State::ended);
}

TEST(Ruler, StartsOnceAllNodesHaveStarted) {
    Court court{3, 1};
    EXPECT_TRUE(court.ruler.ranks_started(std::vector<NodeIndex>{0, 2}).empty());
    EXPECT_EQ(court.ruler.ranks_started(std::vector<NodeIndex>{1}).size(), 1u);
    EXPECT_TRUE(court.ruler.ranks_started(std::vector<NodeIndex>{0, 1, 2}).empty());
}

TEST(Ruler, TellsHowTheStartGoesWhenAsked) {
    wire::LaunchJob job = sample_job(3, 1);
    job.shows_progress = true;
    Court court{job};
    court.start({0});
    court.start({2});
    EXPECT_EQ(court.progress, (std::vector<std::uint32_t>{1, 2}));
    court.start({1});
    EXPECT_EQ(court.progress.size(), 2u);
    EXPECT_EQ(court.started, 1);
}

using enum wire::Verdict;

// Rank 1 of four fails, on node 0; rank 0, beside it, goes on.
struct TolerantJob {
    const char* what;
    wire::Tolerance tolerance;
    wire::RankExited exited;
    bool goes_on;
    int exit_code;
};
constexpr wire::RankExited returned_3{.rank = 1, .signaled = false, .code = 3};
constexpr wire::RankExited was_killed{.rank = 1, .signaled = true, .code = 9};
constexpr wire::RankExited unfinished{.rank = 1, .signaled = false, .code = 0, .mid_mpi = true};
constexpr wire::RankExited well{.rank = 1, .signaled = false, .code = 0};
const std::array tolerant_jobs{
    TolerantJob{"FailedEnds", {ends, ends}, returned_3, false, 3},
    TolerantJob{"DiedEnds", {ends, ends}, was_killed, false, 137},
    TolerantJob{"FailedCounts", {counts, counts}, returned_3, true, 3},
    TolerantJob{"DiedCounts", {counts, counts}, was_killed, true, 137},
    TolerantJob{"UnfinishedCounts", {counts, counts}, unfinished, true, 1},
    TolerantJob{"FailedIsForgiven", {forgiven, forgiven}, returned_3, true, 0},
    TolerantJob{"DiedIsForgiven", {forgiven, forgiven}, was_killed, true, 0},
    TolerantJob{"UnfinishedIsForgiven", {forgiven, forgiven}, unfinished, true, 0},
    TolerantJob{"OnlyExitsAreForgiven", {forgiven, ends}, was_killed, false, 137},
    TolerantJob{"ExitsAreForgiven", {forgiven, ends}, returned_3, true, 0},
    TolerantJob{"FailedCountsThoughDeathIsForgiven", {counts, forgiven}, returned_3, true, 3},
    TolerantJob{"DeathIsForgivenThoughFailuresCount", {counts, forgiven}, was_killed, true, 0},
    TolerantJob{"NothingFailed", {counts, counts}, well, true, 0},
};

class RulerOf : public testing::TestWithParam<TolerantJob> {};
INSTANTIATE_TEST_SUITE_P(Jobs, RulerOf, testing::ValuesIn(tolerant_jobs),
                         [](const auto& row) { return row.param.what; });

TEST_P(RulerOf, JudgesAFailedRank) {
    const TolerantJob& row = GetParam();
    wire::LaunchJob job = sample_job(2, 2);
    job.tolerance = row.tolerance;
    Court court{job};
    court.all_start();
    court.ends_as(row.exited);
    EXPECT_EQ(court.ends.empty(), row.goes_on);
    EXPECT_EQ(court.failures.empty(), row.goes_on);
    const bool has_failed = row.exited.code != 0 || row.exited.mid_mpi;
    EXPECT_EQ(court.borne.size(), row.goes_on && has_failed ? 1u : 0u);
    for (const Rank rank : {0, 2, 3})
        court.exits(rank);
    court.done({0, 1});
    ASSERT_EQ(court.ended.size(), 1u);
    EXPECT_EQ(court.ended[0].exit_code, row.exit_code);
    EXPECT_EQ(court.ended[0].failure.kind == FailureKind::none, row.goes_on);
}

wire::LaunchJob forgiving_job(NodeIndex nodes, std::uint32_t ranks_each) {
    wire::LaunchJob job = sample_job(nodes, ranks_each);
    job.tolerance = {counts, counts};
    return job;
}

TEST(Ruler, CountsTheFirstOfManyFailures) {
    Court court{forgiving_job(2, 2)};
    court.all_start();
    court.exits(2, 5);
    court.killed(1, 9);
    court.exits(0, 7);
    court.exits(3, 0);
    court.done({0, 1});
    EXPECT_EQ(court.ended.at(0).exit_code, 5);
    EXPECT_EQ(court.borne.size(), 3u);
    EXPECT_EQ(modes(court), std::vector{EndMode::sweep});
}

TEST(Ruler, TellsWhereNoRankIsLeftOfAJobThatGoesOn) {
    Court court{forgiving_job(3, 2)};
    court.all_start(3);
    court.exits(0, 1);
    EXPECT_TRUE(court.without_ranks.empty()) << "rank 1 is there";
    court.exits(1, 0);
    EXPECT_EQ(court.without_ranks, std::vector<NodeIndex>{0});
    court.exits(2, 0);
    court.exits(3, 0);
    EXPECT_EQ(court.without_ranks.size(), 1u) << "nobody failed on node 1";
    court.killed(4, 9);
    court.killed(5, 9);
    EXPECT_EQ(court.without_ranks.size(), 1u) << "the job is over";
}

TEST(Ruler, EndsATolerantJobOfWhichMoreThanRanksFails) {
    const std::array<void (*)(Court&), 4> blows{
        [](Court& court) { court.aborts(1, 4); }, [](Court& court) { court.loses(1); },
        [](Court& court) { court.cancel(EndMode::terminate, 2); },
        [](Court& court) {
            (void)court.ruler.start_failed(
                {.node = 1, .error = 2, .exit_code = 127, .sentence = ""});
        }};
    for (const auto blow : blows) {
        Court court{forgiving_job(2, 2)};
        court.all_start();
        court.exits(0, 3);
        blow(court);
        EXPECT_EQ(court.ruler.state(), State::ending);
        court.killed(1, 15);
        EXPECT_EQ(court.borne.size(), 1u) << "what dies when the job ends has not failed";
    }
}

TEST(Ruler, SaysStartedOfAJobThatEndsBeforeTheReportIsIn) {
    Court court{1, 1};
    court.exits(0);
    EXPECT_EQ(court.started, 1);
    EXPECT_EQ(modes(court), std::vector{EndMode::sweep});
    court.all_start(1);
    EXPECT_EQ(court.started, 1);
}

TEST(Ruler, TakesTheFirstFailureToArrive) {
    Court court;
    court.all_start();
    court.killed(2, 11);
    court.exits(1, 9);
    ASSERT_EQ(court.failures.size(), 1u);
    const wire::Failure& failure = court.failures[0];
    EXPECT_EQ(failure.kind, FailureKind::signaled);
    EXPECT_EQ(failure.rank, 2u);
    EXPECT_EQ(failure.node, 1u);
    EXPECT_EQ(failure.node_name, "n1");
    EXPECT_EQ(failure.exit_code, 139);
    EXPECT_EQ(modes(court), std::vector{EndMode::terminate});
    court.killed(0, 15);
    court.killed(3, 15);
    court.done({0, 1});
    ASSERT_EQ(court.ended.size(), 1u);
    EXPECT_EQ(court.ended[0].exit_code, 139);
    EXPECT_EQ(modes(court), (std::vector{EndMode::terminate, EndMode::sweep}));
}

TEST(Ruler, DoesNotTerminateWhenTheFailingRankIsTheLast) {
    Court court{1, 1};
    court.all_start(1);
    court.exits(0, 3);
    EXPECT_EQ(modes(court), std::vector{EndMode::sweep});
    court.done({0});
    EXPECT_EQ(court.ended.at(0).exit_code, 3);
}

TEST(Ruler, CountsExitZeroInsideMpiAsFailure) {
    Court court;
    court.all_start();
    court.exits(1, 0, /*mid_mpi=*/true);
    EXPECT_EQ(court.failures.at(0).kind, FailureKind::not_finalized);
    EXPECT_EQ(court.failures.at(0).exit_code, 1);
}

TEST(Ruler, LetsAbortBeatTheExitsThatOurOwnTermCauses) {
    Court court;
    court.all_start();
    court.aborts(3, 7);
    for (const Rank rank : {3, 0, 1, 2})
        court.killed(rank, 15);
    court.done({0, 1});
    EXPECT_EQ(court.failures.at(0).kind, FailureKind::aborted);
    EXPECT_EQ(court.failures.size(), 1u);
    EXPECT_EQ(court.ended.at(0).exit_code, 7);
}

TEST(Ruler, ReportsWhatCouldNotStart) {
    Court court;
    court.ruler.start_failed({.node = 9, .sentence = "from nowhere"});  // no such node: no crash
    Court other;
    wire::StartFailed failed{.node = 1,
                             .has_rank = true,
                             .rank = 2,
                             .error = 2,
                             .exit_code = 127,
                             .sentence = "start './hello': No such file or directory"};
    const Orders orders = other.ruler.start_failed(failed);
    ASSERT_EQ(orders.size(), 2u);
    EXPECT_EQ(std::get<wire::JobFailed>(orders[0]).failure.exit_code, 127);
    EXPECT_EQ(std::get<wire::JobFailed>(orders[0]).failure.text, failed.sentence);
    EXPECT_TRUE(std::get<wire::EndJob>(orders[1]).cause.text.empty())
        << "EndJob is a small message";
    for (Rank rank = 0; rank < 4; ++rank)
        other.exits(rank, 127);
    other.done({0, 1});
    EXPECT_EQ(other.started, 0);
    EXPECT_EQ(other.ended.at(0).exit_code, 127);
}

TEST(Ruler, DoesNotWaitForALostNodeNorLongForThoseBelowIt) {
    Court court{18, 1};  // node 17 is below node 1
    court.all_start(18);
    court.loses(1);
    EXPECT_EQ(court.failures.at(0).exit_code, 121);
    EXPECT_EQ(court.failures.at(0).text, "silent (10.1.0.9)");
    for (Rank rank = 0; rank < 17; ++rank)
        if (rank != 1) court.killed(rank, 15);
    EXPECT_EQ(modes(court), (std::vector{EndMode::terminate, EndMode::sweep}));
    std::vector<NodeIndex> rest{0};
    for (NodeIndex node = 2; node < 17; ++node)
        rest.push_back(node);
    court.done(rest);
    EXPECT_TRUE(court.ended.empty()) << "node 17 may still report through the controller";
    EXPECT_TRUE(court.ruler.has_orphans());
    court.orphans_are_overdue();
    ASSERT_EQ(court.ended.size(), 1u);
    EXPECT_EQ(court.ended[0].exit_code, 121);
    EXPECT_EQ(court.ended[0].lost, (std::vector<NodeIndex>{1, 17}));
}

TEST(Ruler, EndsItsOwnPartWhenItIsCutOffFromAll) {
    Court court{3, 1};
    court.all_start(3);
    court.cancel(EndMode::kill, 0);
    court.is_cut_off();
    EXPECT_EQ(modes(court), std::vector{EndMode::kill}) << "its own rank is still there";
    court.killed(0, 9);
    EXPECT_EQ(modes(court), (std::vector{EndMode::kill, EndMode::sweep}));
    court.done({0});
    EXPECT_TRUE(court.ended.empty()) << "the others may still report";
    EXPECT_TRUE(court.ruler.has_orphans());
    court.orphans_are_overdue();
    ASSERT_EQ(court.ended.size(), 1u);
    EXPECT_EQ(court.ended[0].lost, (std::vector<NodeIndex>{1, 2}));
}

TEST(Ruler, HearsOrphansThatReportInTime) {
    Court court{18, 1};
    court.all_start(18);
    court.loses(1);
    for (Rank rank = 0; rank < 17; ++rank)
        court.killed(rank, 15);
    std::vector<NodeIndex> rest{0, 17};
    for (NodeIndex node = 2; node < 17; ++node)
        rest.push_back(node);
    court.done(rest);
    EXPECT_FALSE(court.ruler.has_orphans());
    EXPECT_EQ(court.ended.at(0).lost, std::vector<NodeIndex>{1});
    court.orphans_are_overdue();
    EXPECT_EQ(court.ended.size(), 1u);
}

TEST(Ruler, WaitsForANodeThatOnlyItsNeighbourLost) {
    Court court;
    court.all_start();
    court.loses(1, Witness::neighbour);
    EXPECT_EQ(court.failures.at(0).exit_code, 121);
    court.killed(0, 15);
    court.killed(1, 15);
    court.done({0});
    EXPECT_TRUE(court.ended.empty()) << "it may report through the controller";
    EXPECT_TRUE(court.ruler.has_orphans());
    court.done({1});
    ASSERT_EQ(court.ended.size(), 1u);
    EXPECT_TRUE(court.ended[0].lost.empty());
}

TEST(Ruler, BelievesTheControllerAfterANeighbour) {
    Court court;
    court.all_start();
    court.loses(1, Witness::neighbour);
    court.killed(0, 15);
    court.killed(1, 15);
    court.done({0});
    court.loses(1);
    EXPECT_EQ(court.ended.at(0).lost, std::vector<NodeIndex>{1});
    EXPECT_EQ(court.failures.size(), 1u);
}

TEST(Ruler, NamesANodeThatMissesTheController) {
    Court court;
    court.all_start();
    court.misses_the_controller(1);
    EXPECT_EQ(court.failures.at(0).kind, FailureKind::node_lost);
    EXPECT_EQ(court.failures.at(0).node, 1u);
    EXPECT_EQ(court.failures.at(0).exit_code, 121);
    EXPECT_EQ(modes(court), std::vector{EndMode::kill});
    court.ruler.controller_lost(9);  // no such node: no crash
}

TEST(Ruler, SweepsAtOnceWhenTheLastRunningNodeIsLost) {
    Court court;
    court.all_start();
    court.exits(0);
    court.exits(1);
    court.loses(1);
    EXPECT_EQ(modes(court), std::vector{EndMode::sweep});
    court.done({0});
    EXPECT_EQ(court.ended.at(0).exit_code, 121);
}

TEST(Ruler, FailsAJobWhoseNodeIsLostBeforeItHasDrained) {
    Court court;
    court.all_start();
    for (Rank rank = 0; rank < 4; ++rank)
        court.exits(rank);
    court.done({0});
    court.loses(1);
    EXPECT_EQ(court.failures.at(0).kind, FailureKind::node_lost);
    EXPECT_EQ(court.ended.at(0).exit_code, 121);
}

TEST(Ruler, DoesNotMindLosingANodeThatIsDone) {
    Court court;
    court.all_start();
    for (Rank rank = 0; rank < 4; ++rank)
        court.exits(rank);
    court.done({1});
    court.loses(1);
    court.done({0});
    EXPECT_EQ(court.ended.at(0).exit_code, 0);
    EXPECT_TRUE(court.ended.at(0).lost.empty());
}

TEST(Ruler, CancelsWithTheSignalsCodeAndEscalates) {
    Court court;
    court.all_start();
    court.cancel(EndMode::terminate, 2);
    court.cancel(EndMode::terminate, 2);
    EXPECT_EQ(modes(court), std::vector{EndMode::terminate}) << "asked again: nothing new";
    court.cancel(EndMode::kill, 2);
    court.cancel(EndMode::kill, 2);
    EXPECT_EQ(modes(court), (std::vector{EndMode::terminate, EndMode::kill}));
    for (Rank rank = 0; rank < 4; ++rank)
        court.killed(rank, 9);
    court.done({0, 1});
    EXPECT_EQ(court.failures.size(), 1u);
    EXPECT_EQ(court.ended.at(0).exit_code, 130);
}

TEST(Ruler, TellsNodesThatDrainThatNobodyReadsAnyMore) {
    Court court;
    court.all_start();
    for (Rank rank = 0; rank < 4; ++rank)
        court.exits(rank);
    wire::EndJob end;
    end.mode = EndMode::kill;
    end.cause.kind = FailureKind::client_gone;
    const Orders orders = court.ruler.end_requested(end);
    ASSERT_EQ(orders.size(), 1u);
    EXPECT_EQ(std::get<wire::EndJob>(orders[0]).cause.kind, FailureKind::client_gone);
    court.done({0, 1});
    EXPECT_EQ(court.ended.at(0).exit_code, 0) << "all ranks had ended well";
}

TEST(Ruler, CountsEachRankAndNodeOnce) {
    Court court{2, 1};
    court.all_start();
    court.exits(0);
    court.exits(0);
    court.exits(77);
    court.aborts(77, 3);
    court.done({77});
    EXPECT_TRUE(court.ends.empty());
    EXPECT_TRUE(court.failures.empty());
    court.exits(1);
    EXPECT_EQ(modes(court), std::vector{EndMode::sweep});
}

TEST(Ruler, FailsAJobThatANodeLeavesUntoldAndTakesItsRanksAsReaped) {
    Court court;
    court.all_start();
    court.done({1});
    EXPECT_EQ(court.failures.at(0).kind, FailureKind::node_lost);
    EXPECT_EQ(court.failures.at(0).node, 1u);
    court.exits(0);
    court.exits(1);
    EXPECT_EQ(modes(court), (std::vector{EndMode::terminate, EndMode::sweep}));
    court.done({0});
    EXPECT_EQ(court.ended.at(0).exit_code, 121);
}

TEST(Ruler, SaysNothingOnceEnded) {
    Court court{1, 1};
    court.exits(0);
    court.done({0});
    EXPECT_EQ(court.ended.size(), 1u);
    court.loses(0);
    court.cancel(EndMode::kill, 9);
    court.aborts(0, 5);
    court.done({0});
    EXPECT_EQ(court.ended.size(), 1u);
    EXPECT_EQ(modes(court), std::vector{EndMode::sweep});
}

TEST(Ruler, ShortensLongWords) {
    Court court;
    wire::StartFailed failed{.node = 0, .exit_code = 127, .sentence = std::string(60'000, 'x')};
    const Orders orders = court.ruler.start_failed(failed);
    EXPECT_LE(wire::to_bytes(std::get<wire::JobFailed>(orders.at(0))).size(), 8u << 10);
    EXPECT_LE(wire::to_bytes(std::get<wire::EndJob>(orders.at(1))).size(), 4u << 10);
}

}  // namespace
}  // namespace vrun::shepherd
