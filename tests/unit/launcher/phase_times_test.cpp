// SPDX-License-Identifier: Apache-2.0
#include "launcher/phase_times.hpp"

#include <gtest/gtest.h>

namespace vrun::launcher {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

const PhaseTimes::Clock::time_point begin{};

TEST(PhaseTimes, SayHowLongEachPhaseTook) {
    PhaseTimes times{.begun = begin,
                     .connected = begin + microseconds{1'500},
                     .accepted = begin + milliseconds{2},
                     .started = begin + milliseconds{10},
                     .ended = begin + milliseconds{100},
                     .root = {.wired_up = 20'000, .ran = 60'000}};
    const Lines lines = phase_lines(times);
    ASSERT_EQ(lines.size(), 7u);
    EXPECT_EQ(lines[0].substr(0, 28), "timing: connect        1.5 m");
    EXPECT_EQ(lines[1].substr(0, 28), "timing: plan           0.5 m");
    EXPECT_EQ(lines[2].substr(0, 28), "timing: spawn          8.0 m");
    EXPECT_EQ(lines[3].substr(0, 28), "timing: wire-up       20.0 m");
    EXPECT_EQ(lines[4].substr(0, 28), "timing: run           60.0 m");
    EXPECT_EQ(lines[5].substr(0, 28), "timing: drain         10.0 m");
    EXPECT_EQ(lines[6].substr(0, 28), "timing: all          100.0 m");
}

TEST(PhaseTimes, SayNothingOfWhatAJobNeverCameTo) {
    PhaseTimes refused;
    refused.begun = begin;
    refused.connected = begin + milliseconds{1};
    refused.ended = begin + milliseconds{2};
    const Lines lines = phase_lines(refused);
    ASSERT_EQ(lines.size(), 2u);
    EXPECT_NE(lines[0].find("connect"), std::string::npos);
    EXPECT_NE(lines[1].find("all"), std::string::npos);
}

}  // namespace
}  // namespace vrun::launcher
