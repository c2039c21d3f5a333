// SPDX-License-Identifier: Apache-2.0
#include "launcher/output_style.hpp"

#include <gtest/gtest.h>

namespace vrun::launcher {
namespace {

using wire::StreamId;
using Shape = OutputStyle::Shape;

OutputSource source_of(wire::Rank rank, StreamId stream = StreamId::out) {
    OutputSource source;
    source.rank = rank;
    source.ranks = 12;
    source.host = "w1";
    source.job = "7f";
    source.stream = stream;
    return source;
}

std::string shown(OutputDecorator& decorator, const OutputSource& source, std::string_view text) {
    const wire::Bytes bytes = wire::bytes_of(text);
    return std::string{wire::view_as_text(decorator.decorate(source, bytes, SystemTime{}))};
}

OutputStyle marked(std::string prefix) {
    OutputStyle style;
    style.prefix = std::move(prefix);
    return style;
}

TEST(OutputStyle, FillsInPatterns) {
    const OutputSource source = source_of(3, StreamId::err);
    EXPECT_EQ(expanded("%j/rank.%R/%s on %h: %r of %g%%", source, SystemTime{}),
              "7f/rank.03/stderr on w1: 3 of 0%");
    EXPECT_EQ(expanded("%x and %", source, SystemTime{}), "%x and %");
    EXPECT_NE(expanded("%t", source, SystemTime{}).find(" 19"), std::string::npos) << "a year";
}

TEST(OutputStyle, KnowsWhatPatternsMayHold) {
    EXPECT_EQ(unknown_specifier("[%r] %t %%", false), "");
    EXPECT_EQ(unknown_specifier("[%r] %x", false), "%x");
    EXPECT_EQ(unknown_specifier("100%", false), "%");
    EXPECT_EQ(unknown_specifier("out.%t", true), "%t");
}

TEST(OutputStyle, MarksEachLine) {
    OutputDecorator decorator{marked("[%r]")};
    EXPECT_EQ(shown(decorator, source_of(1), "a\n\nb\n"), "[1]a\n[1]\n[1]b\n");
}

TEST(OutputStyle, MarksALineOnceThoughItComesInParts) {
    OutputDecorator decorator{marked("[%r]")};
    EXPECT_EQ(shown(decorator, source_of(1), "a"), "[1]a");
    EXPECT_EQ(shown(decorator, source_of(1), "b\nc"), "b\n[1]c");
    EXPECT_EQ(shown(decorator, source_of(2), "d\n"), "\n[2]d\n") << "rank 1 was interrupted";
    EXPECT_EQ(shown(decorator, source_of(1), "e\n"), "[1]e\n");
    EXPECT_EQ(shown(decorator, source_of(1, StreamId::err), "f"), "[1]f");
    EXPECT_EQ(shown(decorator, source_of(1), "g\n"), "\n[1]g\n") << "another stream";
}

TEST(OutputStyle, ColoursThePrefixAlone) {
    OutputStyle style = marked("[%r]");
    style.color = true;
    OutputDecorator decorator{style};
    EXPECT_EQ(shown(decorator, source_of(1), "a\n"), "\033[32m[1]\033[0ma\n");
    EXPECT_EQ(shown(decorator, source_of(7), "a\n"), "\033[32m[7]\033[0ma\n");
}

TEST(OutputStyle, EscapesForXml) {
    OutputStyle style;
    style.shape = Shape::xml;
    OutputDecorator decorator{style};
    EXPECT_EQ(decorator.opening(), "<mpirun>\n");
    EXPECT_EQ(shown(decorator, source_of(1), "a<b&c>\x1b\xc3\nd"),
              "<stdout rank=\"1\">a&lt;b&amp;c&gt;&#027;&#195;&#010;</stdout>\n"
              "<stdout rank=\"1\">d</stdout>\n");
    EXPECT_EQ(decorator.closing(), "</mpirun>\n");
}

TEST(OutputStyle, WritesAnObjectALine) {
    OutputStyle style;
    style.shape = Shape::json;
    OutputDecorator decorator{style};
    EXPECT_EQ(shown(decorator, source_of(1, StreamId::err), "a \"b\"\n\xff"),
              R"({"rank":1,"host":"w1","stream":"stderr","time":"1970-01-01T00:00:00.000Z",)"
              R"("text":"a \"b\""})"
              "\n"
              R"({"rank":1,"host":"w1","stream":"stderr","time":"1970-01-01T00:00:00.000Z",)"
              "\"text\":\"\xef\xbf\xbd\",\"newline\":false}\n");
}

}  // namespace
}  // namespace vrun::launcher
