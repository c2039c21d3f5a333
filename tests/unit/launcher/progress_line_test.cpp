// SPDX-License-Identifier: Apache-2.0
#include "launcher/progress_line.hpp"

#include <gtest/gtest.h>

namespace vrun::launcher {
namespace {

using std::chrono::seconds;

TEST(ProgressLine, SaysHowFarTheStartIs) {
    ProgressLine line;
    EXPECT_EQ(line.text(seconds{0}, 80), "waiting for the daemon (0 s)");
    line.finding("3 of 4 hosts have answered; not yet: \033w4");
    EXPECT_EQ(line.text(seconds{2}, 80), "3 of 4 hosts have answered; not yet: \\x1bw4 (2 s)");
    line.launching(20, 4);
    EXPECT_EQ(line.text(seconds{3}, 80), "starting 20 ranks: 0 of 4 nodes run (3 s)");
    line.started(3);
    EXPECT_EQ(line.text(seconds{70}, 80), "starting 20 ranks: 3 of 4 nodes run (70 s)");
}

TEST(ProgressLine, IsNoWiderThanTheTerminal) {
    ProgressLine line;
    line.launching(1, 1);
    EXPECT_EQ(line.text(seconds{1}, 12), "starting 1 ");
    EXPECT_EQ(line.text(seconds{1}, 0), "");
}

}  // namespace
}  // namespace vrun::launcher
