// SPDX-License-Identifier: Apache-2.0
// The PMI sockets of a real shepherd, with ranks that are shells and speak PMI by hand.
#include "shepherd_under_test.hpp"
#include "wire/job_id.hpp"
#include "wire/messages/wireup.hpp"

#include <gtest/gtest.h>

namespace vrun::shepherd {
namespace {

using namespace test;
using wire::FailureKind;

// say WORDS, hear LINE; `kvs` is the job's.
constexpr const char* words = R"(
    say() { echo "$*" >&$PMI_FD; }
    hear() { read -r heard <&$PMI_FD || exit 9; [ "$heard" = "$*" ] || { echo "heard $heard"; exit 8; }; }
    say cmd=init pmi_version=1 pmi_subversion=1
    hear cmd=response_to_init pmi_version=1 pmi_subversion=1 rc=0
    say cmd=get_my_kvsname
    read -r heard <&$PMI_FD
    kvs=${heard#*kvsname=}
)";

wire::LaunchJob speaking(std::uint32_t ranks, const std::string& script) {
    wire::LaunchJob job = job_of(ranks, {"bash", "-c", words + script});
    job.lease_ms = std::chrono::milliseconds{test_limit}.count();
    return job;
}

TEST(ShepherdPmi, CarriesValuesFromRankToRank) {
    const auto job = speaking(3, R"(
        say cmd=put kvsname=$kvs key=key$PMI_RANK value=of_$PMI_RANK
        hear cmd=put_result rc=0 msg=success
        say cmd=barrier_in
        hear cmd=barrier_out
        next=$(((PMI_RANK + 1) % PMI_SIZE))
        say cmd=get kvsname=$kvs key=key$next
        hear cmd=get_result rc=0 msg=success value=of_$next
        say cmd=finalize
        hear cmd=finalize_ack
        echo well)");
    run_alone(job, [](ShepherdUnderTest& shepherd) {
        EXPECT_EQ(shepherd.ended->exit_code, 0);
        for (wire::Rank rank = 0; rank < 3; ++rank)
            EXPECT_EQ(shepherd.out(rank), "well\n") << shepherd.err(rank);
    });
}

TEST(ShepherdPmi, HearsAnAbortBeforeTheExitThatFollowsIt) {
    run_alone(speaking(1, "say cmd=abort exitcode=42; exit 3"), [](ShepherdUnderTest& shepherd) {
        EXPECT_EQ(shepherd.ended->exit_code, 42);
        EXPECT_EQ(shepherd.failures.at(0).kind, FailureKind::aborted);
    });
}

TEST(ShepherdPmi, TakesAnExitBeforeFinalizeForAFailure) {
    run_alone(speaking(1, "exit 0"), [](ShepherdUnderTest& shepherd) {
        EXPECT_EQ(shepherd.ended->exit_code, 1);
        EXPECT_EQ(shepherd.failures.at(0).kind, FailureKind::not_finalized);
    });
}

TEST(ShepherdPmi, EndsTheJobWhenARankDiesWhileOthersAreAtTheBarrier) {
    const auto job = speaking(2, R"(
        [ $PMI_RANK = 1 ] && kill -SEGV $$
        say cmd=barrier_in
        hear cmd=barrier_out)");
    run_alone(job, [](ShepherdUnderTest& shepherd) {
        EXPECT_EQ(shepherd.ended->exit_code, 128 + 11);
        EXPECT_EQ(shepherd.failures.at(0).rank, 1u);
    });
}

TEST(ShepherdPmi, HangsUpOnARankThatSpeaksSomethingElse) {
    run_alone(speaking(1, "say hello; read -r heard <&$PMI_FD; exit 5"),
              [](ShepherdUnderTest& shepherd) { EXPECT_EQ(shepherd.ended->exit_code, 5); });
}

TEST(ShepherdPmi, HangsUpOnARankThatNeverReads) {
    const auto job = speaking(1, R"(
        trap '' PIPE
        while say cmd=get_my_kvsname 2>/dev/null; do :; done
        exit 6)");
    run_alone(job, [](ShepherdUnderTest& shepherd) { EXPECT_EQ(shepherd.ended->exit_code, 6); });
}

TEST(ShepherdPmi, ExchangesWithTheOtherNodesAtABarrier) {
    with_shepherd([](ShepherdUnderTest& shepherd) -> Task {
        wire::LaunchJob job = speaking(1, R"(
            say cmd=put kvsname=$kvs key=mine value=$PMI_RANK
            hear cmd=put_result rc=0 msg=success
            say cmd=barrier_in
            hear cmd=barrier_out
            say cmd=get kvsname=$kvs key=mine
            hear cmd=get_result rc=0 msg=success value=$PMI_RANK
            echo well)");
        job.nodes = sample_job(2, 1).nodes;
        job.runs = {{.node = 0, .first_rank = 0, .count = 1, .app = 0},
                    {.node = 1, .first_rank = 1, .count = 1, .app = 0}};
        shepherd.start(job, 1);
        const auto contributed = [&] { return !shepherd.contributions.empty(); };
        co_await shepherd.until(contributed);
        const wire::FenceContribution& sent = shepherd.contributions[0];
        EXPECT_TRUE(sent.nodes.empty()) << "all nodes take part";
        const wire::FenceResult result{sent.key, 0, sent.blob};
        shepherd.send(result, 0);
        const auto got_it = [&] { return shepherd.out(1) == "well\n"; };
        co_await shepherd.until(got_it);
    });
}

}  // namespace
}  // namespace vrun::shepherd
