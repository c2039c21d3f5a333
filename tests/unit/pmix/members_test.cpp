// SPDX-License-Identifier: Apache-2.0
#include "pmix/members.hpp"

#include "wire/job_id.hpp"

#include <gtest/gtest.h>

namespace vrun::pmix {
namespace {

wire::LaunchJob three_nodes() {  // ranks 0-1 on node 0, 2-3 on node 1, 4 on node 2
    wire::LaunchJob launch;
    launch.job = 77;
    launch.nodes.resize(3);
    launch.runs = {{0, 0, 2, 0}, {1, 2, 2, 0}, {2, 4, 1, 0}};
    return launch;
}

Member rank(Rank number) {
    return {wire::namespace_of(77), number, false};
}
Member everyone() {
    return {wire::namespace_of(77), 0, true};
}

TEST(Members, OfTheWholeJobAreAllNodes) {
    const auto found = members_of({everyone()}, three_nodes());
    ASSERT_TRUE(found);
    EXPECT_TRUE(found->nodes.empty());
}

TEST(Members, NameTheNodesThatHoldThem) {
    const auto found = members_of({rank(4), rank(1), rank(0)}, three_nodes());
    ASSERT_TRUE(found);
    EXPECT_EQ(found->nodes, (std::vector<NodeIndex>{0, 2}));
}

TEST(Members, LeaveOutANodeWithoutRanks) {
    wire::LaunchJob launch = three_nodes();
    launch.nodes.resize(4);
    const auto found = members_of({everyone()}, launch);
    ASSERT_TRUE(found);
    EXPECT_EQ(found->nodes, (std::vector<NodeIndex>{0, 1, 2}));
}

TEST(Members, AreKnownByTheirListInAnyOrder) {
    const auto hash = [](std::vector<Member> members) {
        return members_of(std::move(members), three_nodes())->hash;
    };
    EXPECT_EQ(hash({rank(0), rank(4)}), hash({rank(4), rank(0)}));
    EXPECT_NE(hash({rank(0), rank(4)}), hash({rank(0), rank(3)}));
    EXPECT_NE(hash({everyone()}), hash({rank(0), rank(1), rank(2), rank(3), rank(4)}));
    EXPECT_NE(hash({everyone()}), hash({rank(0)}));
}

TEST(Members, OfAnotherJobAreNotSupported) {
    const auto found = members_of({everyone(), {"vrun-other\n", 0, true}}, three_nodes());
    ASSERT_FALSE(found);
    EXPECT_EQ(found.error().code, (std::error_code{status::not_supported, category()}));
    EXPECT_NE(found.error().doing.find("vrun-other\\n"), std::string::npos);
}

TEST(Members, HaveToExist) {
    EXPECT_EQ(members_of({rank(5)}, three_nodes()).error().code.value(), status::not_found);
    EXPECT_EQ(members_of({}, three_nodes()).error().code.value(), status::bad_param);
}

}  // namespace
}  // namespace vrun::pmix
