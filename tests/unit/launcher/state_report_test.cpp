// SPDX-License-Identifier: Apache-2.0
#include "launcher/state_report.hpp"

#include "tests/unit/launcher/fake_daemon.hpp"

#include <gtest/gtest.h>
#include <algorithm>

namespace vrun::launcher {
namespace {

using enum wire::RankPhase;
using test::two_nodes;

std::string text_of(const Lines& lines) {
    std::string text;
    for (const std::string& line : lines)
        text += line + "\n";
    return text;
}

TEST(StateReport, TellsOfEveryRankByRank) {
    StateReport report;
    report.ask(0);
    report.ask(1);
    report.add(1, {{{3, killed, 43, 9}, {2, exited, 42, 5}}});
    EXPECT_FALSE(report.is_complete());
    report.add(0, {{{0, in_mpi, 40, 0}, {1, running, 41, 0}}});
    EXPECT_TRUE(report.is_complete());
    EXPECT_EQ(text_of(report.state_lines("abc", two_nodes())),
              "DATA FOR JOB: abc\n"
              "    Num nodes: 2    Num procs: 4    Num launched: 4    Num terminated: 2\n"
              "    Procs:\n"
              "        Rank: 0    Node: a    PID: 40    State: IN MPI\n"
              "        Rank: 1    Node: a    PID: 41    State: RUNNING\n"
              "        Rank: 2    Node: b    PID: 42    State: EXITED    ExitCode: 5\n"
              "        Rank: 3    Node: b    PID: 43    State: KILLED by signal 9 (SIGKILL)\n");
}

TEST(StateReport, NamesThoseWhoseNodeDoesNotAnswer) {
    StateReport report;
    report.ask(0);
    report.ask(1);
    report.add(0, {{{0, not_started}, {1, finalized, 41}}});
    const std::string text = text_of(report.state_lines("abc", two_nodes()));
    EXPECT_NE(text.find("Rank: 0    Node: a    State: NOT STARTED\n"), text.npos) << text;
    EXPECT_NE(text.find("Rank: 3    Node: b    State: UNKNOWN"), text.npos) << text;
    report.lose(1);
    EXPECT_TRUE(report.is_complete());
}

TEST(StateReport, BelievesANodeAboutItsOwnRanksOnly) {
    StateReport report;
    report.ask(0);
    report.ask(1);
    report.add(0, {{{0, running, 40}, {2, killed, 1, 9}, {4711, killed, 1, 9}}});
    report.add(7, {{{1, killed, 1, 9}}});
    const std::string text = text_of(report.state_lines("abc", two_nodes()));
    EXPECT_EQ(text.find("KILLED"), text.npos) << text;
}

TEST(StateReport, TellsTheStacksOfThoseThatLive) {
    StateReport report;
    report.ask(0);
    report.ask(1);
    report.add(0, {{{0, in_mpi, 40, 0, "#0 poll ()\n#1 \033[31mmain ()\n"}, {1, exited, 41, 0}}});
    EXPECT_EQ(text_of(report.stack_lines(two_nodes())),
              "STACK TRACE FOR PROC 0 (a, PID 40)\n"
              "    #0 poll ()\n"
              "    #1 \\x1b[31mmain ()\n"
              "STACK TRACE FOR PROC 2 (b)\n"
              "    its node does not answer\n"
              "STACK TRACE FOR PROC 3 (b)\n"
              "    its node does not answer\n");
}

}  // namespace
}  // namespace vrun::launcher
