// SPDX-License-Identifier: Apache-2.0
// What the words about output mean.
#include "launcher/options/output.hpp"

#include "tests/unit/launcher/parsing.hpp"

#include <gtest/gtest.h>

namespace vrun::launcher {
namespace {

using Words = std::vector<std::string>;

using test::parse;

Settings settings_of(Words words) {
    words.emplace_back("./a");
    Result<Settings> settings = parse(words);
    if (settings) return std::move(*settings);
    ADD_FAILURE() << settings.error().message();
    return {};
}

std::string prefix_of(Words words) {
    return output_plan_of(settings_of(std::move(words)).output, false).style.prefix;
}

std::string refusal_of(Words words) {
    words.emplace_back("./a");
    const Result<Settings> settings = parse(words);
    return settings ? "" : settings.error().message();
}

TEST(OutputOptions, MarkLinesAsEachLauncherDoes) {
    struct Row {
        Words words;
        std::string prefix;
    };
    const std::vector<Row> rows{
        {{}, ""},
        {{"-l"}, "[%r] "},
        {{"-prepend-rank"}, "[%r] "},
        {{"--tag-output"}, "[1,%r]<%s>:"},
        {{"--timestamp-output"}, "%t<%s>:"},
        {{"--timestamp-output", "--tag-output"}, "%t[1,%r]<%s>:"},
        {{"--output", "tag"}, "[1,%r]<%s>: "},
        {{"--output", "TI"}, "[%t]<%s>: "},
        {{"--output", "rank,timestamp"}, "[%t][%r]<%s>: "},
        {{"--output", "tag-detailed"}, "[1,%r][%h]<%s>: "},
        {{"--output=tag", "--output=timestamp"}, "[%t][1,%r]<%s>: "},
        {{"-prepend-pattern", "%r:%h "}, "%r:%h "},
    };
    for (const Row& row : rows)
        EXPECT_EQ(prefix_of(row.words), row.prefix) << testing::PrintToString(row.words);
}

TEST(OutputOptions, NameFiles) {
    const OutputPlan tree = output_plan_of(settings_of({"-output-filename", "/o/%"}).output, false);
    EXPECT_EQ(tree.files.out, "/o/%%/1/rank.%R/%s");
    EXPECT_EQ(tree.files.err, tree.files.out);
    EXPECT_TRUE(tree.shows_out && tree.shows_err);
    const auto quiet = output_plan_of(settings_of({"--output", "dir=/o:NOCOPY,tag"}).output, false);
    EXPECT_EQ(quiet.files.out, "/o/%j/rank.%R/%s");
    EXPECT_FALSE(quiet.shows_out || quiet.shows_err);
    EXPECT_EQ(output_plan_of(settings_of({"--output=file=/o/f"}).output, false).files.err,
              "/o/f.%R");
    const auto hydra = output_plan_of(settings_of({"-outfile-pattern", "o.%r"}).output, false);
    EXPECT_EQ(hydra.files.out, "o.%r");
    EXPECT_FALSE(hydra.shows_out);
    EXPECT_TRUE(hydra.shows_err);
    EXPECT_TRUE(settings_of({"-output-filename", "o"}).output.out_files.starts_with('/'))
        << "vrun's directory, wherever --wdir sends the ranks";
}

TEST(OutputOptions, ChooseShapesAndReaders) {
    EXPECT_EQ(settings_of({"--output", "json"}).output.shape, OutputStyle::Shape::json);
    EXPECT_EQ(settings_of({"-xml"}).output.shape, OutputStyle::Shape::xml);
    EXPECT_TRUE(settings_of({"--output", "merge"}).streams.merge_stderr);
    EXPECT_EQ(settings_of({"--stdin", "all"}).streams.input_to, wire::InputTo::all);
    EXPECT_EQ(settings_of({"--stdin", "none"}).streams.input_to, wire::InputTo::none);
    EXPECT_EQ(settings_of({"--stdin", "3"}).streams.input_rank, 3u);
}

TEST(OutputOptions, RefuseWhatTheyDoNotKnow) {
    EXPECT_NE(refusal_of({"--output", "t"}).find("--output t"), std::string::npos);
    EXPECT_NE(refusal_of({"--output", "tag,loud"}).find("loud"), std::string::npos);
    EXPECT_NE(refusal_of({"--output", "dir="}).find("empty"), std::string::npos);
    EXPECT_NE(refusal_of({"--output-filename", "o:once"}).find("once"), std::string::npos);
    EXPECT_NE(refusal_of({"-prepend-pattern", "%x"}).find("%x"), std::string::npos);
    EXPECT_NE(refusal_of({"-outfile-pattern", "o.%t"}).find("%t"), std::string::npos);
    EXPECT_NE(refusal_of({"--stdin", "some"}).find("neither"), std::string::npos);
    EXPECT_NE(refusal_of({"-xml-file", "f"}).find("redirect"), std::string::npos);
}

}  // namespace
}  // namespace vrun::launcher
