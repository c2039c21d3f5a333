// SPDX-License-Identifier: Apache-2.0
#include "launcher/preload.hpp"

#include "parsing.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <filesystem>
#include <fstream>

namespace vrun::launcher {
namespace {

namespace fs = std::filesystem;

class PreloadTest : public testing::Test {
protected:
    PreloadTest() {
        std::string pattern = testing::TempDir() + "vrun-preload.XXXXXX";
        directory = fs::canonical(::mkdtemp(pattern.data()));
        previous = fs::current_path();
        fs::current_path(directory);
        put("a.dat", "a");
        put("b c.dat", "bc");
        fs::create_directory("in");
        put("in/a.dat", "other");
        put("tool", "#!/bin/sh\n");
        ::chmod("tool", 0755);
    }
    ~PreloadTest() override {
        fs::current_path(previous);
        fs::remove_all(directory);
    }
    static void put(const std::string& path, const std::string& text) {
        std::ofstream{path} << text;
    }
    // `submission` has the files then.
    std::optional<Refusal> add(const std::vector<std::string>& words) {
        const auto settings = test::parse(words);
        if (!settings) return Refusal{2, settings.error().message()};
        auto made = submission_of(*settings);
        if (!made) return Refusal{2, made.error().message()};
        submission = std::move(*made);
        return add_files(submission, *settings);
    }
    const wire::PreloadFile& file(std::size_t i) const { return submission.job.files.at(i); }

    fs::path directory, previous;
    Submission submission;
};

TEST_F(PreloadTest, BringsNothingUnlessAsked) {
    EXPECT_FALSE(add({"-n", "2", "./tool"}));
    EXPECT_TRUE(submission.job.files.empty());
}

TEST_F(PreloadTest, DescribesEachFile) {
    const std::string absolute = directory.string() + "/b c.dat";
    ASSERT_FALSE(add({"--preload-files", "./in/a.dat," + absolute, "true"}));
    ASSERT_EQ(submission.job.files.size(), 2u);
    EXPECT_EQ(submission.sources, (std::vector<std::string>{"./in/a.dat", absolute}));
    EXPECT_EQ(file(0).name, "in/a.dat");
    EXPECT_EQ(file(1).name, "b c.dat") << "of an absolute path the last part";
    EXPECT_EQ(file(1).size, 2u);
    EXPECT_EQ(file(1).digest.size(), 32u);
    EXPECT_FALSE(file(1).is_program);
    EXPECT_EQ(file(1).directory, "");
}

TEST_F(PreloadTest, BringsTheProgramThatTheNameMeans) {
    ASSERT_FALSE(add({"-s", "./tool"}));
    ASSERT_EQ(submission.job.files.size(), 1u);
    EXPECT_EQ(file(0).name, "tool");
    EXPECT_TRUE(file(0).is_program);
    EXPECT_EQ(file(0).mode, 0755u);
    ASSERT_FALSE(add({"--preload-binary", "--path", directory.string(), "tool"}));
    EXPECT_EQ(submission.sources.front(), directory.string() + "/tool");
}

TEST_F(PreloadTest, BringsOnceWhatSeveralProgramsNeed) {
    ASSERT_FALSE(add({"-n", "1", "-s", "--preload-files", "a.dat", "./tool", ":", "-n", "1", "-s",
                      "--preload-files", "a.dat", "./tool", "x", ":", "-n", "1", "true"}));
    ASSERT_EQ(submission.job.files.size(), 2u);
    for (const wire::PreloadFile& both : submission.job.files)
        EXPECT_EQ(both.apps, (std::vector<std::uint32_t>{0, 1})) << both.name;
}

TEST_F(PreloadTest, RefusesWhatCannotBeBrought) {
    struct Row {
        std::vector<std::string> words;
        int exit_code;
        std::string said;
    };
    const std::string clash = directory.string() + "/in/a.dat";
    const std::vector<Row> rows{
        {{"--preload-files", "in/../a.dat", "true"}, 2, "without '..'"},
        {{"--preload-files", "..", "true"}, 2, "without '..'"},
        {{"--preload-files", "", "true"}, 2, ""},
        {{"--preload-files", "a.dat," + clash, "true"}, 2, "would both become 'a.dat'"},
        {{"--preload-files", "missing", "true"}, 125, "preload 'missing'"},
        {{"--preload-files", "in", "true"}, 125, "preload 'in'"},
        {{"--preload-files", "/dev/null", "true"}, 125, "no file with an end"},
        {{"-s", "./missing"}, 127, "start './missing'"},
        {{"-s", "./a.dat"}, 126, "start './a.dat'"},
    };
    for (const Row& row : rows) {
        const auto refusal = add(row.words);
        ASSERT_TRUE(refusal) << row.words[1];
        EXPECT_EQ(refusal->exit_code, row.exit_code) << refusal->sentence;
        EXPECT_NE(refusal->sentence.find(row.said), std::string::npos) << refusal->sentence;
    }
    EXPECT_FALSE(add({"--preload-files", "a.dat", "true", ":", "--preload-files", clash,
                      "--preload-files-dest-dir", "/elsewhere", "true"}));
}

}  // namespace
}  // namespace vrun::launcher
