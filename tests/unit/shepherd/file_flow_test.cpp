// SPDX-License-Identifier: Apache-2.0
#include "daemon/shepherd/file_flow.hpp"

#include <gtest/gtest.h>

namespace vrun::shepherd {
namespace {

using Files = std::vector<std::uint32_t>;
using Nodes = std::vector<wire::NodeIndex>;

TEST(FileFlow, OfALeafIsWhatTheLeafLacks) {
    FileFlow flow{4, {}};
    EXPECT_FALSE(flow.take_wanted());
    flow.want_here(Files{1, 3});
    EXPECT_EQ(flow.take_wanted(), (Files{1, 3}));
    EXPECT_FALSE(flow.take_wanted()) << "once";
    EXPECT_TRUE(flow.has_room(1, wire::file_window));
    EXPECT_EQ(flow.takers(1), Nodes{});
}

TEST(FileFlow, SendsAFileOnlyWhereItIsLacking) {
    FileFlow flow{3, {1, 2, 3}};
    flow.want(1, Files{0, 2});
    flow.want_here(Files{});
    flow.want(2, Files{});
    EXPECT_FALSE(flow.take_wanted());
    flow.want(3, Files{2});
    EXPECT_EQ(flow.take_wanted(), (Files{0, 2}));
    EXPECT_EQ(flow.takers(0), Nodes{1});
    EXPECT_EQ(flow.takers(1), Nodes{});
    EXPECT_EQ(flow.takers(2), (Nodes{1, 3}));
}

TEST(FileFlow, GoesAsFastAsTheSlowestTaker) {
    FileFlow flow{2, {1, 2}};
    flow.want(1, Files{0, 1});
    flow.want(2, Files{0});
    flow.spend(0, wire::file_window - 10);
    EXPECT_TRUE(flow.has_room(0, 10));
    EXPECT_FALSE(flow.has_room(0, 11));
    flow.grant(1, 1000);
    EXPECT_FALSE(flow.has_room(0, 11)) << "2 has not taken what it got";
    EXPECT_TRUE(flow.has_room(1, 1010)) << "2 does not need this one";
    flow.lose(2);
    EXPECT_TRUE(flow.has_room(0, 1010)) << "nobody waits for one that is lost";
    EXPECT_EQ(flow.takers(0), Nodes{1});
    flow.grant(2, 5);  // of one that is lost
}

TEST(FileFlow, DoesNotWaitForALostChild) {
    FileFlow flow{1, {1, 2}};
    flow.want_here(Files{});
    flow.want(1, Files{0});
    flow.lose(2);
    EXPECT_EQ(flow.take_wanted(), Files{0});
}

TEST(FileFlow, RefusesWhatNobodyHonestSays) {
    FileFlow flow{2, {1}};
    EXPECT_THROW(flow.want(1, Files{2}), std::system_error);
    flow.want(7, Files{9});  // no child: not heard
    flow.want(1, Files{1});
    EXPECT_THROW(flow.want(1, Files{1}), std::system_error) << "twice";
    EXPECT_THROW(flow.grant(1, 1), std::system_error) << "it has all";
    flow.spend(1, 10);
    EXPECT_THROW(flow.grant(1, 11), std::system_error);
    flow.grant(1, 10);
}

}  // namespace
}  // namespace vrun::shepherd
