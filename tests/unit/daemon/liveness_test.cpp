// SPDX-License-Identifier: Apache-2.0
#include "daemon/liveness.hpp"

#include <gtest/gtest.h>

namespace vrun::daemon {
namespace {

using namespace std::chrono_literals;

constexpr Milliseconds lost_after{12'000};

TEST(Silence, IsSuspectAfterThreeSecondsAndLostAtTheLimit) {
    const Clock::time_point start = Clock::now();
    const Silence silence{start};
    EXPECT_EQ(silence.judge(start + 2999ms, lost_after), Verdict::alive);
    EXPECT_EQ(silence.judge(start + 3000ms, lost_after), Verdict::suspect);
    EXPECT_EQ(silence.judge(start + 11999ms, lost_after), Verdict::suspect);
    EXPECT_EQ(silence.judge(start + 12000ms, lost_after), Verdict::lost);
}

TEST(Silence, ForgivesTheGapInWhichWeStoodStillOurselves) {
    const Clock::time_point start = Clock::now();
    Silence silence{start};
    silence.forgive(10'000ms);
    EXPECT_EQ(silence.judge(start + 12000ms, lost_after), Verdict::alive);
}

TEST(StallMeter, ForgivesNothingWhileTicksAreInTime) {
    const Clock::time_point start = Clock::now();
    StallMeter meter;
    EXPECT_EQ(meter.tick(start), 0ms);
    EXPECT_EQ(meter.tick(start + 1000ms), 0ms);
    EXPECT_EQ(meter.tick(start + 3900ms), 0ms);  // 1.9 s late
}

TEST(StallMeter, ForgivesTheWholeGapFromTwoSecondsOn) {
    const Clock::time_point start = Clock::now();
    StallMeter meter;
    meter.tick(start);
    EXPECT_EQ(meter.tick(start + 8000ms), 7000ms);
    EXPECT_EQ(meter.tick(start + 9000ms), 0ms);
}

}  // namespace
}  // namespace vrun::daemon
