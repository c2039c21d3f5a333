// SPDX-License-Identifier: Apache-2.0
#include "launcher/options/life_words.hpp"

#include "launcher/signals.hpp"
#include "tests/unit/launcher/parsing.hpp"

#include <gtest/gtest.h>
#include <algorithm>
#include <array>
#include <csignal>

namespace vrun::launcher {
namespace {

using enum wire::Verdict;
using std::chrono::seconds;

LifeSettings life_of(std::vector<std::string> words) {
    words.emplace_back("prog");
    Result<Settings> settings = test::parse(words);
    if (settings) return settings->life;
    ADD_FAILURE() << settings.error().message();
    return {};
}

std::string refusal_of(std::vector<std::string> words) {
    words.emplace_back("prog");
    const Result<Settings> settings = test::parse(words);
    return settings ? "" : settings.error().message();
}

TEST(LifeWords, TakeTimes) {
    struct Row {
        std::string text;
        long seconds;
    };
    const std::array rows{Row{"90", 90},         Row{"2:30", 150},
                          Row{"1:00:05", 3'605}, Row{"01:20:13:05", 159'185},
                          Row{"0", 0},           Row{"-1", 0}};
    for (const Row& row : rows)
        EXPECT_EQ(life_of({"--timeout=" + row.text}).timeout, seconds{row.seconds}) << row.text;
    for (const std::string text : {"x", "5s", "1:2:3:4:5", "1:-2", "1.5", "9999999999999999999"})
        EXPECT_NE(refusal_of({"--timeout", text}).find("not a number of seconds"), text.npos)
            << text;
    EXPECT_EQ(life_of({"-timeout", "7", "--spawn-timeout", "8"}).spawn_timeout, seconds{8});
}

TEST(LifeWords, TakeTimesWithUnitsToWait) {
    struct Row {
        std::string text;
        long seconds;
    };
    const std::array rows{Row{"90", 90},     Row{"60s", 60},   Row{"5m", 300}, Row{"2h", 7'200},
                          Row{"1d", 86'400}, Row{"2:30", 150}, Row{"0", 0}};
    for (const Row& row : rows)
        EXPECT_EQ(life_of({"--wait", row.text}).wait, seconds{row.seconds}) << row.text;
    for (const std::string text : {"s", "m", "soon", "5 s", "1:30m", "-1h", "1.5h", "5ms", "60S"})
        EXPECT_NE(refusal_of({"--wait", text}).find("not a time"), text.npos) << text;
}

struct ToleranceRow {
    std::vector<std::string> words;
    wire::Tolerance tolerance;
};

TEST(LifeWords, SayWhatAJobSurvives) {
    const std::array rows{
        ToleranceRow{{}, {ends, ends}},
        ToleranceRow{{"--enable-recovery"}, {forgiven, forgiven}},
        ToleranceRow{{"-continuous"}, {forgiven, forgiven}},
        ToleranceRow{{"--enable-recovery", "--disable-recovery"}, {ends, ends}},
        ToleranceRow{{"-disable-auto-cleanup"}, {counts, counts}},
        ToleranceRow{{"-disable-auto-cleanup", "-enable-auto-cleanup"}, {ends, ends}},
        ToleranceRow{{"--runtime-options", "recoverable"}, {counts, forgiven}},
        ToleranceRow{{"--rto", "RECOVER=1"}, {counts, forgiven}},
        ToleranceRow{{"--rto", "recoverable,recoverable=false"}, {ends, ends}},
        ToleranceRow{{"--rto", "continuous"}, {counts, forgiven}},
        ToleranceRow{{"--rto", "error-nonzero-status=false"}, {forgiven, ends}},
        ToleranceRow{{"--rto", "error=0"}, {forgiven, ends}},
        ToleranceRow{{"--rto", "error-nonzero-status"}, {ends, ends}},
    };
    for (const ToleranceRow& row : rows)
        EXPECT_EQ(life_of(row.words).tolerance, row.tolerance)
            << (row.words.empty() ? "" : row.words.back());
}

TEST(LifeWords, OfRuntimeOptionsAreThoseOfTheOptions) {
    const LifeSettings life = life_of(
        {"--rto", "timeout=1:00,SPAWN=9,report-state,get-stack-traces=true,show-progress,fwd=0"});
    EXPECT_EQ(life.timeout, seconds{60});
    EXPECT_EQ(life.spawn_timeout, seconds{9});
    EXPECT_TRUE(life.tells_state && life.tells_stacks && life.shows_progress_at_once);
    EXPECT_TRUE(test::parse({"--rto", "donotlaunch", "prog"})->plan_only);
    EXPECT_NE(refusal_of({"--rto", "report"}).find("short for several"), std::string::npos);
    EXPECT_NE(refusal_of({"--rto", "nonsense"}).find("not known"), std::string::npos);
    EXPECT_NE(refusal_of({"--rto", "max-restarts=3"}).find("max-restarts=3"), std::string::npos);
    EXPECT_NE(refusal_of({"--rto", "timeout=soon"}).find("timeout=soon"), std::string::npos);
}

SignalAction action_in(const std::vector<SignalRow>& rows, int number) {
    const auto found = std::ranges::find(rows, number, &SignalRow::number);
    return found == rows.end() ? SignalAction::end : found->action;
}

TEST(LifeWords, AddToTheSignalsThatArePassedOn) {
    const std::vector<SignalRow> usual = signal_rows(life_of({}).signals);
    EXPECT_EQ(action_in(usual, SIGUSR1), SignalAction::forward);
    const auto more = signal_rows(life_of({"--forward-signals", "SIGWINCH,quit,34,USR1"}).signals);
    EXPECT_EQ(more.size(), usual.size() + 3);
    for (const int number : {SIGWINCH, SIGQUIT, 34, SIGUSR1})
        EXPECT_EQ(action_in(more, number), SignalAction::forward) << number;
    const auto none = signal_rows(life_of({"--forward-signals", "none"}).signals);
    EXPECT_EQ(none.size(), 3u) << "INT, TERM and HUP still end the job";
    EXPECT_EQ(action_in(signal_rows(life_of({"--forward-signals=none,TSTP"}).signals), SIGTSTP),
              SignalAction::stop);
    EXPECT_NE(refusal_of({"--forward-signals", "TERM"}).find("cannot be passed on"),
              std::string::npos);
    EXPECT_NE(refusal_of({"--forward-signals", "NOSUCH"}).find("no such signal"),
              std::string::npos);
}

TEST(Ttl, IsANumberAndAUnit) {
    struct Row {
        const char* text;
        long seconds;
    };
    std::chrono::milliseconds ttl{0};
    for (const Row row : {Row{"", 86'400}, Row{"1s", 1}, Row{"90s", 90}, Row{"30m", 1'800},
                          Row{"12", 12}, Row{"12h", 43'200}, Row{"30d", 2'592'000}}) {
        EXPECT_FALSE(set_ttl(ttl, row.text)) << row.text;
        EXPECT_EQ(ttl, std::chrono::seconds{row.seconds}) << row.text;
    }
    for (const char* const text : {"0s", "0", "h", "-1h", "1.5h", "31d", "721h", "1w", "soon",
                                   "99999999999s", "1 h", "0x1s"})
        EXPECT_TRUE(set_ttl(ttl, text)) << text;
}

}  // namespace
}  // namespace vrun::launcher
