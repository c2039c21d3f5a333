// SPDX-License-Identifier: Apache-2.0
#include "launcher/job_words.hpp"

#include <gtest/gtest.h>
#include <csignal>

namespace vrun::launcher {
namespace {

using wire::Failure;
using wire::FailureKind;

wire::JobAccepted two_nodes() {
    wire::JobAccepted accepted;
    accepted.nodes = {{1, "a", "10.1.0.1", 7117, 2}, {2, "b", "10.1.0.2", 7117, 2}};
    accepted.runs = {{0, 0, 2, 0}, {1, 2, 2, 0}, {0, 4, 1, 0}};
    accepted.network = "10.1.0.0/16 (eth1)";
    return accepted;
}

Failure of_rank_3(FailureKind kind, int code = 0, std::string text = {}, int exit_code = 1) {
    return {kind, 1, "b", true, 3, code, std::move(text), exit_code};
}

TEST(JobWords, ShowTheMap) {
    const Lines lines = map_lines(5, two_nodes());
    ASSERT_EQ(lines.size(), 4u);
    EXPECT_EQ(lines[0], "job 0000000000005: 5 ranks on 2 nodes");
    EXPECT_EQ(lines[1], "  a (10.1.0.1): ranks 0-1, 4");
    EXPECT_EQ(lines[2], "  b (10.1.0.2): ranks 2-3");
    EXPECT_EQ(lines[3], "network: 10.1.0.0/16 (eth1)");
}

TEST(JobWords, NameRankNodeAndCause) {
    struct Row {
        Failure failure;
        std::string sentence;
    };
    const std::vector<Row> rows{
        {of_rank_3(FailureKind::exited, 7), "rank 3 on node b exited with code 7"},
        {of_rank_3(FailureKind::signaled, 9), "rank 3 on node b was killed by signal 9 (SIGKILL)"},
        {of_rank_3(FailureKind::aborted, 7), "rank 3 on node b called MPI_Abort with code 7"},
        {of_rank_3(FailureKind::not_finalized),
         "rank 3 on node b exited with code 0 after MPI_Init and without MPI_Finalize"},
        {{FailureKind::node_lost, 1, "b", false, 0, 0, "silent for 12 s", 121},
         "node b is lost: silent for 12 s"},
        {{FailureKind::cancelled, wire::to_controller, "", false, 0, 15, "", 143},
         "the job was cancelled by signal 15 (SIGTERM)"},
        {{FailureKind::lease_expired, 1, "b", false, 0, 0, "", 122},
         "node b ended the job: no word from the job's controller"},
    };
    for (const Row& row : rows)
        EXPECT_EQ(failure_lines(row.failure).front(), row.sentence);
    EXPECT_TRUE(failure_lines({}).empty());
}

TEST(JobWords, SayWhatToDoAboutAMissingProgram) {
    const Failure missing =
        of_rank_3(FailureKind::not_started, 2, "start './x': No such file or directory", 127);
    const Lines lines = failure_lines(missing);
    ASSERT_EQ(lines.size(), 2u);
    EXPECT_EQ(lines[0], "rank 3 on node b did not start: start './x': No such file or directory");
    EXPECT_NE(lines[1].find("every node"), std::string::npos);
}

TEST(JobWords, KnowWhatSigbusUsuallyMeans) {
    EXPECT_EQ(failure_lines(of_rank_3(FailureKind::signaled, 9)).size(), 1u);
    const Lines lines = failure_lines(of_rank_3(FailureKind::signaled, SIGBUS));
    ASSERT_EQ(lines.size(), 2u);
    EXPECT_NE(lines[1].find("/dev/shm"), std::string::npos);
}

TEST(JobWords, TakeTheInterpreterThatWasStarted) {
    const Failure failure = of_rank_3(FailureKind::exited, 1);
    EXPECT_NE(missing_module_line(failure, "/v/bin/python3.11").find(" -n 1 /v/bin/python3.11 -c"),
              std::string::npos);
    EXPECT_NE(missing_module_line(failure, "./run.sh").find(" -n 1 python3 -c"), std::string::npos);
}

TEST(JobWords, EscapeTheWordsOfOthers) {
    Failure failure = of_rank_3(FailureKind::exited, 1, "\x1b[2J");
    failure.node_name = "b\nvrun: all is well";
    const std::string line = failure_lines(failure).front();
    EXPECT_EQ(line.find('\n'), line.npos);
    EXPECT_EQ(line.find('\x1b'), line.npos);
}

TEST(JobWords, SayWhatANodeTookAlong) {
    const std::string line =
        node_lost_line({1, "b", "10.1.0.2", "silent for 12 s"}, 5, two_nodes());
    EXPECT_EQ(
        line,
        "node b (10.1.0.2) is lost: silent for 12 s; ranks 2-3 of job 0000000000005 ran there");
}

TEST(JobWords, KeepTheLinesOfASentenceApart) {
    EXPECT_EQ(escaped_lines("one\ntwo\x07\n"), (Lines{"one", "two\\x07"}));
    EXPECT_TRUE(escaped_lines("").empty());
}

}  // namespace
}  // namespace vrun::launcher
