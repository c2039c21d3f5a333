// SPDX-License-Identifier: Apache-2.0
#include "launcher/output_files.hpp"

#include <gtest/gtest.h>
#include <unistd.h>
#include <filesystem>
#include <fstream>

namespace vrun::launcher {
namespace {

using wire::StreamId;

class OutputFilesTest : public testing::Test {
protected:
    OutputFilesTest() { std::filesystem::remove_all(directory_); }
    ~OutputFilesTest() override { std::filesystem::remove_all(directory_); }

    static OutputSource source_of(wire::Rank rank, StreamId stream) {
        OutputSource source;
        source.rank = rank;
        source.ranks = 40;
        source.host = "w1";
        source.job = "7f";
        source.stream = stream;
        return source;
    }
    void write(OutputFiles& files, wire::Rank rank, StreamId stream, std::string_view text) {
        const auto error = files.write(source_of(rank, stream), wire::bytes_of(text), SystemTime{});
        EXPECT_FALSE(error) << error->message();
    }
    std::string text_of(const std::string& name) const {
        std::ifstream file{directory_ + "/" + name};
        EXPECT_TRUE(file.is_open()) << name;
        return {std::istreambuf_iterator<char>{file}, {}};
    }

    std::string directory_ = testing::TempDir() + "output-files-" + std::to_string(::getpid());
};

TEST_F(OutputFilesTest, MakesDirectoriesAndAFileEach) {
    OutputFiles files{{directory_ + "/1/rank.%R/%s", directory_ + "/1/rank.%R/%s"}, {}};
    write(files, 3, StreamId::out, "a\n");
    write(files, 3, StreamId::err, "b\n");
    write(files, 12, StreamId::out, "c\n");
    EXPECT_FALSE(files.finish());
    EXPECT_EQ(text_of("1/rank.03/stdout"), "a\n");
    EXPECT_EQ(text_of("1/rank.03/stderr"), "b\n");
    EXPECT_EQ(text_of("1/rank.12/stdout"), "c\n");
}

TEST_F(OutputFilesTest, KeepsFewFilesOpenHoweverManyThereAre) {
    OutputFiles files{{directory_ + "/%r", ""}, {}, 3};
    for (const char* text : {"one\n", "two\n"})
        for (wire::Rank rank = 0; rank < 40; ++rank)
            write(files, rank, StreamId::out, text);
    EXPECT_FALSE(files.has(StreamId::err));
    EXPECT_FALSE(files.finish());
    for (wire::Rank rank = 0; rank < 40; ++rank)
        EXPECT_EQ(text_of(std::to_string(rank)), "one\ntwo\n");
}

TEST_F(OutputFilesTest, ReplacesWhatIsThereAndSharesEqualNames) {
    std::filesystem::create_directories(directory_);
    std::ofstream{directory_ + "/all"} << "of an earlier job\n";
    OutputFiles files{{directory_ + "/all", directory_ + "/all"}, {}};
    write(files, 0, StreamId::out, "a\n");
    write(files, 1, StreamId::err, "b\n");
    EXPECT_FALSE(files.finish());
    EXPECT_EQ(text_of("all"), "a\nb\n");
}

TEST_F(OutputFilesTest, DecoratesAndClosesWhatAFormatOpens) {
    OutputStyle style;
    style.shape = OutputStyle::Shape::xml;
    OutputFiles files{{directory_ + "/%r", ""}, style};
    write(files, 1, StreamId::out, "a\n");
    EXPECT_FALSE(files.finish());
    EXPECT_EQ(text_of("1"), "<mpirun>\n<stdout rank=\"1\">a&#010;</stdout>\n</mpirun>\n");
}

TEST_F(OutputFilesTest, SaysWhichFileCannotBeWritten) {
    OutputFiles files{{"/dev/full", ""}, {}};
    const auto error =
        files.write(source_of(0, StreamId::out), wire::bytes_of("a\n"), SystemTime{});
    ASSERT_TRUE(error);
    EXPECT_EQ(error->code, std::errc::no_space_on_device);
    EXPECT_NE(error->message().find("/dev/full"), std::string::npos);
}

}  // namespace
}  // namespace vrun::launcher
