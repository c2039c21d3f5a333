// SPDX-License-Identifier: Apache-2.0
#include "daemon/shepherd/job_clock.hpp"

#include <gtest/gtest.h>

namespace vrun::shepherd {
namespace {

using std::chrono::microseconds;
using Milestone = JobClock::Milestone;

const JobClock::Clock::time_point begin{};

TEST(JobClock, CountsFromMilestoneToMilestone) {
    JobClock clock;
    clock.note(Milestone::running, begin);
    clock.note(Milestone::wired_up, begin + microseconds{10});
    clock.note(Milestone::wired_up, begin + microseconds{20});  // a later fence
    clock.note(Milestone::reaped, begin + microseconds{50});
    EXPECT_EQ(clock.times(), (wire::JobTimes{.wired_up = 10, .ran = 40}));
}

TEST(JobClock, KnowsThatProgramsWithoutMpiNeverWireUp) {
    JobClock clock;
    clock.note(Milestone::running, begin);
    clock.note(Milestone::reaped, begin + microseconds{50});
    EXPECT_EQ(clock.times(), (wire::JobTimes{.wired_up = 0, .ran = 50}));
}

TEST(JobClock, HasNoTimesOfAJobThatNeverRan) {
    JobClock clock;
    clock.note(Milestone::reaped, begin);
    EXPECT_EQ(clock.times(), wire::JobTimes{});
}

}  // namespace
}  // namespace vrun::shepherd
