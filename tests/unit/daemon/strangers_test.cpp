// SPDX-License-Identifier: Apache-2.0
#include "daemon/strangers.hpp"

#include <gtest/gtest.h>
#include <algorithm>
#include <asio/io_context.hpp>
#include <vector>

namespace vrun::daemon {
namespace {

asio::ip::address address(unsigned number) {
    return asio::ip::address_v4{0x0a000000u + number};
}

class StrangersTest : public testing::Test {
protected:
    std::size_t left() {
        return static_cast<std::size_t>(std::ranges::count(
            entered_, false, [](const Stranger* one) { return one->was_put_out; }));
    }
    Stranger& enter(unsigned number) {
        entered_.push_back(&strangers_.enter(address(number)));
        return *entered_.back();
    }

    asio::io_context loop_;
    Strangers strangers_{loop_.get_executor()};
    std::vector<Stranger*> entered_;
};

TEST_F(StrangersTest, OfOneAddressPutOutTheirOwnOldest) {
    Stranger& another = enter(2);
    Stranger& oldest = enter(1);
    for (std::size_t i = 1; i < strangers_per_address_max; ++i)
        enter(1);
    EXPECT_EQ(left(), strangers_per_address_max + 1);
    Stranger& newest = enter(1);
    EXPECT_TRUE(oldest.was_put_out);
    EXPECT_FALSE(newest.was_put_out);
    EXPECT_FALSE(another.was_put_out);
    EXPECT_EQ(left(), strangers_per_address_max + 1);
}

TEST_F(StrangersTest, OfManyAddressesPutOutTheOldestOfAll) {
    Stranger& oldest = enter(1);
    for (unsigned i = 1; i < strangers_max; ++i)
        enter(1 + i);
    EXPECT_EQ(left(), strangers_max);
    enter(100'000);
    EXPECT_TRUE(oldest.was_put_out);
    EXPECT_EQ(left(), strangers_max);
}

TEST_F(StrangersTest, LeaveMembersTheirPlaces) {
    strangers_.remember_member(address(7));
    Stranger& early_member = enter(7);
    for (unsigned i = 0; i < 2 * strangers_max; ++i)
        enter(100 + i);
    EXPECT_FALSE(early_member.was_put_out);
    Stranger& late_member = enter(7);
    EXPECT_FALSE(late_member.was_put_out);
    EXPECT_EQ(left(), strangers_max + 2);
}

TEST_F(StrangersTest, WhoIsPutOutIsToldAtOnce) {
    Stranger& oldest = enter(1);
    bool is_told = false;
    oldest.limit.async_wait([&](std::error_code) { is_told = true; });
    for (std::size_t i = 0; i < strangers_per_address_max; ++i)
        enter(1);
    loop_.poll();
    EXPECT_TRUE(is_told);
    strangers_.leave(oldest);
    EXPECT_EQ(strangers_.count(), strangers_per_address_max);
}

}  // namespace
}  // namespace vrun::daemon
