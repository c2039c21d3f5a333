// SPDX-License-Identifier: Apache-2.0
#include "daemon/detached/spool.hpp"

#include "wire/bytes.hpp"

#include <gtest/gtest.h>

namespace vrun::daemon {
namespace {

using wire::StreamId;

constexpr std::uint32_t window = 10;

wire::Output output(std::string_view text, StreamId stream = StreamId::out, wire::Rank rank = 0) {
    return {rank, stream, wire::bytes_of(text)};
}

std::string text_of(const std::optional<wire::Output>& output) {
    if (!output) return "-";
    return {reinterpret_cast<const char*>(output->bytes.data()), output->bytes.size()};
}

Spool spool_of(std::initializer_list<std::string_view> texts) {
    Spool spool{window};
    for (const std::string_view text : texts)
        spool.add(output(text));
    return spool;
}

TEST(Spool, SendsInOrderWithinTheWindow) {
    Spool spool = spool_of({"1234", "5678", "9abc"});
    EXPECT_EQ(text_of(spool.next()), "1234");
    EXPECT_EQ(text_of(spool.next()), "5678");
    EXPECT_EQ(text_of(spool.next()), "-");
    spool.credit(StreamId::out, 4);
    EXPECT_EQ(text_of(spool.next()), "9abc");
    EXPECT_TRUE(spool.is_all_sent());
}

TEST(Spool, SendsAloneWhatIsLargerThanTheWindow) {
    Spool spool = spool_of({"larger than it", "a"});
    EXPECT_EQ(text_of(spool.next()), "larger than it");
    EXPECT_EQ(text_of(spool.next()), "-");
}

TEST(Spool, KeepsTheOrderOfTwoStreamsAndAWindowForEach) {
    Spool spool{window};
    spool.add(output("out1"));
    spool.add(output("err1", StreamId::err));
    spool.add(output("out2out2"));
    spool.add(output("err2", StreamId::err));
    EXPECT_EQ(text_of(spool.next()), "out1");
    EXPECT_EQ(text_of(spool.next()), "err1");
    EXPECT_EQ(text_of(spool.next()), "err2");  // no window for the other
    EXPECT_EQ(text_of(spool.next()), "-");
    spool.credit(StreamId::out, 4);
    EXPECT_EQ(text_of(spool.next()), "out2out2");
}

TEST(Spool, ForgetsOnlyWhatIsWritten) {
    Spool spool = spool_of({"1234", "5678"});
    (void)spool.next();
    (void)spool.next();
    EXPECT_GT(spool.size(), 0u);
    spool.credit(StreamId::out, 8);
    EXPECT_EQ(spool.size(), 0u);
    spool.credit(StreamId::out, 100);  // of one who lies
    EXPECT_EQ(spool.size(), 0u);
}

TEST(Spool, SendsAgainWhatWasNotWritten) {
    Spool spool = spool_of({"1234", "5678", "9abc"});
    (void)spool.next();
    (void)spool.next();
    spool.credit(StreamId::out, 6);
    spool.rewind();
    EXPECT_EQ(text_of(spool.next()), "78");
    EXPECT_EQ(text_of(spool.next()), "9abc");
    EXPECT_EQ(text_of(spool.next()), "-");
}

TEST(Spool, CreditOfWhatWasNotSentIsNone) {
    Spool spool = spool_of({"1234"});
    spool.credit(StreamId::out, 4);
    EXPECT_EQ(text_of(spool.next()), "1234");
}

TEST(Spool, DropsTheOldestOfBothStreamsAndCountsThem) {
    Spool spool{window};
    spool.add(output("1234"));
    spool.add(output("errors", StreamId::err));
    spool.add(output("56789"));
    EXPECT_TRUE(spool.drop_oldest());
    EXPECT_TRUE(spool.drop_oldest());
    EXPECT_EQ(spool.dropped(StreamId::out), 4u);
    EXPECT_EQ(spool.dropped(StreamId::err), 6u);
    EXPECT_EQ(text_of(spool.next()), "56789");
    EXPECT_FALSE(spool.drop_oldest());  // it is under way
    spool.rewind();
    EXPECT_TRUE(spool.drop_oldest());
    EXPECT_EQ(spool.dropped(StreamId::out), 9u);
    EXPECT_EQ(spool.size(), 0u);
    EXPECT_FALSE(spool.drop_oldest());
}

TEST(Spool, CountsTheMemoryOfSmallUnits) {
    const Spool spool = spool_of({"1", "2"});
    EXPECT_EQ(spool.size(), 2 * (1 + Spool::unit_overhead));
}

}  // namespace
}  // namespace vrun::daemon
