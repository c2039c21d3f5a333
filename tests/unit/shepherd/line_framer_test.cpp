// SPDX-License-Identifier: Apache-2.0
#include "daemon/shepherd/line_framer.hpp"

#include <gtest/gtest.h>
#include <random>

namespace vrun::shepherd {
namespace {

constexpr std::size_t size_max = 8;

struct Row {
    std::string held;
    std::string read;
    std::string unit;
    std::string rest;
};

class LineFramerTable : public testing::TestWithParam<Row> {};

TEST_P(LineFramerTable, EndsAUnitWhereTheLastLineEnds) {
    LineFramer framer;
    framer.feed(wire::bytes_of(GetParam().held), size_max);
    const wire::Bytes unit = framer.feed(wire::bytes_of(GetParam().read), size_max);
    EXPECT_EQ(wire::view_as_text(unit), GetParam().unit);
    EXPECT_EQ(framer.held(), GetParam().rest.size());
    const wire::Bytes rest = framer.flush();
    EXPECT_EQ(wire::view_as_text(rest), GetParam().rest);
    EXPECT_EQ(framer.held(), 0u);
}

INSTANTIATE_TEST_SUITE_P(Rows, LineFramerTable,
                         testing::Values(Row{"", "", "", ""},              //
                                         Row{"", "\n", "\n", ""},          //
                                         Row{"", "a\n", "a\n", ""},        //
                                         Row{"", "a\nb\n", "a\nb\n", ""},  // many lines, one unit
                                         Row{"", "a\nb", "a\n", "b"},      //
                                         Row{"", "ab", "", "ab"},          //
                                         Row{"a", "b\n", "ab\n", ""},      //
                                         Row{"a", "b", "", "ab"},          //
                                         Row{"ab", "c\nd", "abc\n", "d"},  //
                                         Row{"abcdefg", "h", "abcdefgh", ""},  // too long: as it is
                                         Row{"abcdefg", "\n", "abcdefg\n", ""},
                                         Row{"abc", "d\nefg", "abcd\n",
                                             "efg"},  // full, with an end
                                         Row{"abcdefg", "", "", "abcdefg"}));

// However the bytes arrive: none is lost, moved or made up, no unit is too large, and only a line
// that is too long is cut.
TEST(LineFramer, KeepsBytesAndLinesForAnyChunks) {
    std::mt19937 random{7};
    const auto below = [&](std::size_t limit) {
        return std::uniform_int_distribution<std::size_t>{0, limit - 1}(random);
    };
    for (int round = 0; round < 2'000; ++round) {
        std::string text(below(200), '\0');
        const std::size_t alphabet = 2 + below(20);
        for (char& letter : text) {
            const std::size_t drawn = below(alphabet);
            letter = drawn == 0 ? '\n' : static_cast<char>('a' + drawn);
        }
        LineFramer framer;
        std::string arrived;
        for (std::size_t at = 0; at < text.size();) {
            const std::size_t room = std::min(size_max - framer.held(), text.size() - at);
            const std::size_t count = 1 + below(room);
            const wire::Bytes unit = framer.feed(wire::bytes_of(text.substr(at, count)), size_max);
            at += count;
            ASSERT_LE(unit.size(), size_max);
            ASSERT_LT(framer.held(), size_max);
            ASSERT_TRUE(unit.empty() || unit.back() == std::byte{'\n'} || unit.size() == size_max);
            arrived += wire::view_as_text(unit);
        }
        arrived += wire::view_as_text(framer.flush());
        ASSERT_EQ(arrived, text);
    }
}

}  // namespace
}  // namespace vrun::shepherd
