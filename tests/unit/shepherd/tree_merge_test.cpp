// SPDX-License-Identifier: Apache-2.0
#include "daemon/shepherd/tree_merge.hpp"

#include <gtest/gtest.h>

namespace vrun::shepherd {
namespace {

using Nodes = std::vector<wire::NodeIndex>;

TEST(TreeMerge, OfALeafIsTheLeaf) {
    TreeMerge merge{3, 4};
    EXPECT_FALSE(merge.take());
    merge.report(3, Nodes{3});
    EXPECT_EQ(merge.take(), Nodes{3});
}

TEST(TreeMerge, WaitsForEveryChildAndTakesItsWholeSubtree) {
    TreeMerge merge{1, 20};  // children 17, 18, 19
    merge.report(17, Nodes{17});
    merge.report(1, Nodes{1});
    merge.report(19, Nodes{19});
    EXPECT_FALSE(merge.take());
    merge.report(18, Nodes{18});
    EXPECT_EQ(merge.take(), (Nodes{1, 17, 18, 19}));
    EXPECT_FALSE(merge.take()) << "once";
}

TEST(TreeMerge, DoesNotWaitForALostChild) {
    TreeMerge merge{0, 3};
    merge.report(0, Nodes{0});
    merge.lose(2);
    EXPECT_FALSE(merge.take());
    merge.report(1, Nodes{1});
    EXPECT_EQ(merge.take(), (Nodes{0, 1}));
}

TEST(TreeMerge, HearsNobodyTwiceAndNoStranger) {
    TreeMerge merge{0, 3};
    merge.report(1, Nodes{1});
    merge.report(1, Nodes{1});
    merge.report(40, Nodes{40});
    merge.lose(40);
    merge.report(0, Nodes{0});
    EXPECT_FALSE(merge.take());
    merge.report(2, Nodes{2});
    EXPECT_EQ(merge.take(), (Nodes{0, 1, 2}));
}

}  // namespace
}  // namespace vrun::shepherd
