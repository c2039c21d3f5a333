// SPDX-License-Identifier: Apache-2.0
#include "pmi/store.hpp"

#include <gtest/gtest.h>
#include <system_error>

namespace vrun::pmi {
namespace {

constexpr Room large{.changes = 10'000, .all = 100'000};

Bytes joined(Bytes first, const Bytes& second) {
    first.insert(first.end(), second.begin(), second.end());
    return first;
}

TEST(Store, ReadsAtOnceWhatWasPutHere) {
    Store store{large};
    EXPECT_FALSE(store.get("a"));
    EXPECT_TRUE(store.put("a", "1"));
    EXPECT_TRUE(store.put("a", "2"));
    EXPECT_EQ(store.get("a"), "2");
}

TEST(Store, CarriesChangesToOthersOnceAndInAnyOrder) {
    Store one{large}, two{large}, three{large};
    one.put("a", "1");
    one.put("b", "");
    two.put("c", std::string("\0\n", 2));
    const Bytes from_one = one.changes(), from_two = two.changes();
    EXPECT_TRUE(one.changes().empty());
    three.merge(joined(from_two, from_one));
    one.merge(joined(from_one, from_two));
    for (const Store* store : {&one, &three}) {
        EXPECT_EQ(store->get("a"), "1");
        EXPECT_EQ(store->get("b"), "");
        EXPECT_EQ(store->get("c"), std::string_view("\0\n", 2));
    }
    EXPECT_TRUE(three.changes().empty()) << "what came from others is not sent again";
}

TEST(Store, RefusesChangesThatAreCutOff) {
    Store store{large};
    store.put("key", "value");
    const Bytes whole = store.changes();
    for (std::size_t size = 1; size < whole.size(); ++size) {
        Store other{large};
        EXPECT_THROW(other.merge(std::span{whole}.first(size)), std::system_error) << size;
    }
}

TEST(Store, HasRoomForSoMuchBetweenTwoFences) {
    Store store{{.changes = 40, .all = 1000}};
    EXPECT_TRUE(store.put("a", "123456789"));  // 18 bytes with both counts
    EXPECT_TRUE(store.put("b", "123456789"));
    EXPECT_FALSE(store.put("c", "123456789"));
    EXPECT_FALSE(store.get("c"));
    (void)store.changes();
    EXPECT_TRUE(store.put("c", "123456789"));
}

TEST(Store, HasRoomForSoMuchInAll) {
    Store store{{.changes = 1000, .all = 20}};
    EXPECT_TRUE(store.put("a", "123456789"));
    EXPECT_TRUE(store.put("b", "123456789"));
    EXPECT_FALSE(store.put("c", ""));
    EXPECT_TRUE(store.put("b", "abcdefghi")) << "in place of the old one";
    EXPECT_FALSE(store.put("b", "abcdefghij"));
    EXPECT_TRUE(store.put("b", ""));
    EXPECT_TRUE(store.put("c", "12345678"));
}

}  // namespace
}  // namespace vrun::pmi
