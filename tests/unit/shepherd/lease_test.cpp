// SPDX-License-Identifier: Apache-2.0
#include "daemon/shepherd/lease.hpp"

#include <gtest/gtest.h>

namespace vrun::shepherd {
namespace {

using std::chrono::seconds;

const Lease::Clock::time_point start{std::chrono::hours{1}};

TEST(Lease, EndsWithoutRenewal) {
    Lease lease{start, seconds{10}};
    EXPECT_FALSE(lease.is_over(start + seconds{9}));
    EXPECT_TRUE(lease.is_over(start + seconds{10}));
    lease.renew(start + seconds{9}, seconds{10});
    EXPECT_FALSE(lease.is_over(start + seconds{18}));
    EXPECT_TRUE(lease.is_over(start + seconds{19}));
}

TEST(Lease, IsNotShortenedByAnotherControllersShorterOne) {
    Lease lease{start, seconds{100}};
    lease.renew(start, seconds{10});
    EXPECT_FALSE(lease.is_over(start + seconds{99}));
}

TEST(Lease, BlamesNobodyForOurOwnStandstillOnce) {
    Lease lease{start, seconds{10}};
    EXPECT_EQ(lease.tick(start + seconds{1}).count(), 0);
    EXPECT_EQ(lease.tick(start + seconds{32}).count(), 30'000);
    EXPECT_FALSE(lease.is_over(start + seconds{39}));
    EXPECT_TRUE(lease.is_over(start + seconds{40}));
    lease.tick(start + seconds{63});
    EXPECT_TRUE(lease.is_over(start + seconds{63}))
        << "a second standstill without word from anyone";
}

TEST(Lease, MayBeExtendedAgainAfterARenewal) {
    Lease lease{start, seconds{10}};
    lease.tick(start + seconds{31});
    lease.renew(start + seconds{31}, seconds{10});
    lease.tick(start + seconds{62});
    EXPECT_FALSE(lease.is_over(start + seconds{62}));
}

TEST(Lease, IsLookedAtWhenItEnds) {
    Lease lease{start, std::chrono::milliseconds{2'500}};
    EXPECT_EQ(lease.next_tick(start), start + seconds{1});
    EXPECT_EQ(lease.next_tick(start + seconds{2}), start + std::chrono::milliseconds{2'500});
    EXPECT_EQ(lease.next_tick(start + seconds{3}), start + seconds{4});
}

TEST(Lease, TakesSmallDelaysAsOrdinary) {
    Lease lease{start, seconds{10}};
    EXPECT_EQ(lease.tick(start + std::chrono::milliseconds{2'900}).count(), 1'900);
    EXPECT_TRUE(lease.is_over(start + seconds{10}));
}

}  // namespace
}  // namespace vrun::shepherd
