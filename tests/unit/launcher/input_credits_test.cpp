// SPDX-License-Identifier: Apache-2.0
#include "launcher/input_credits.hpp"

#include <gtest/gtest.h>

namespace vrun::launcher {
namespace {

TEST(InputCredits, GivesWhatTheSlowestNodeCanTake) {
    InputCredits credits{{0, 3}};
    EXPECT_EQ(credits.add(0, 100), 0u) << "node 3 has none yet";
    EXPECT_EQ(credits.add(3, 60), 60u);
    EXPECT_EQ(credits.add(3, 10), 10u);
    EXPECT_EQ(credits.add(0, 50), 0u);
    EXPECT_EQ(credits.add(3, 100), 80u);
}

TEST(InputCredits, LeavesOutNodesThatReadNoMore) {
    InputCredits credits{{0, 3}};
    EXPECT_EQ(credits.add(0, 100), 0u);
    EXPECT_EQ(credits.leave_out(3), 100u);
    EXPECT_FALSE(credits.has(3));
    EXPECT_EQ(credits.readers(), std::vector<wire::NodeIndex>{0});
    EXPECT_EQ(credits.leave_out(0), 0u);
    EXPECT_FALSE(credits.has_readers());
    EXPECT_EQ(credits.leave_out(0), 0u);
}

TEST(InputCredits, IgnoresStrangers) {
    InputCredits credits{{0}};
    EXPECT_EQ(credits.add(7, 100), 0u);
    EXPECT_EQ(credits.leave_out(7), 0u);
    EXPECT_EQ(credits.add(0, 5), 5u);
}

}  // namespace
}  // namespace vrun::launcher
