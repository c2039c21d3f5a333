// SPDX-License-Identifier: Apache-2.0
#include "launcher/submission.hpp"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace vrun::launcher {
namespace {

class SubmissionTest : public testing::Test {
protected:
    SubmissionTest() {
        std::string pattern =
            (std::filesystem::temp_directory_path() / "launcher-submission-XXXXXX").string();
        directory_ = ::mkdtemp(pattern.data());
        previous_ = std::filesystem::current_path();
        std::filesystem::current_path(directory_);
        ::unsetenv("PWD");
    }
    ~SubmissionTest() override {
        std::filesystem::current_path(previous_);
        std::filesystem::remove_all(directory_);
    }

    static Submission submitted(const Settings& settings) {
        Result<Submission> submission = submission_of(settings);
        if (submission) return std::move(*submission);
        ADD_FAILURE() << submission.error().message();
        return {};
    }

    std::filesystem::path directory_, previous_;
};

Settings settings_of_one() {
    Settings settings;
    settings.apps.front().argv = {"./a"};
    return settings;
}

TEST_F(SubmissionTest, MakesWorkingDirectoriesAbsolute) {
    Settings settings = settings_of_one();
    settings.apps.push_back({.count = 2, .workdir = "sub", .argv = {"./b"}});
    settings.apps.push_back({.count = 3, .workdir = "/else/where", .argv = {"./c"}});
    const Submission submission = submitted(settings);
    const std::string here = std::filesystem::canonical(directory_).string();
    ASSERT_EQ(submission.job.apps.size(), 3u);
    EXPECT_EQ(submission.job.apps[0].workdir, here);
    EXPECT_EQ(submission.job.apps[1].workdir, here + "/sub");
    EXPECT_EQ(submission.job.apps[1].count, 2u);
    EXPECT_EQ(submission.job.apps[2].workdir, "/else/where");
}

TEST_F(SubmissionTest, KeepsTheLinkThatTheShellNames) {
    std::filesystem::create_directory(directory_ / "real");
    std::filesystem::create_symlink("real", directory_ / "link");
    std::filesystem::current_path(directory_ / "link");
    ::setenv("PWD", (directory_ / "link").c_str(), 1);
    EXPECT_EQ(submitted(settings_of_one()).job.apps[0].workdir, (directory_ / "link").string());
    ::setenv("PWD", "/", 1);
    EXPECT_TRUE(submitted(settings_of_one()).job.apps[0].workdir.ends_with("/real"));
    ::unsetenv("PWD");
}

TEST_F(SubmissionTest, ReadsHostfiles) {
    std::ofstream{"hosts"} << "a slots=2\nb\n";
    Settings settings = settings_of_one();
    settings.host_files = {"hosts"};
    settings.host_words = {"c:2"};
    const Submission submission = submitted(settings);
    ASSERT_EQ(submission.job.host_files.size(), 1u);
    EXPECT_EQ(submission.job.host_files[0].path, "hosts");
    EXPECT_EQ(submission.job.host_files[0].text, "a slots=2\nb\n");
    EXPECT_EQ(submission.job.host_words, settings.host_words);
}

TEST_F(SubmissionTest, NamesTheHostfileThatCannotBeRead) {
    Settings settings = settings_of_one();
    settings.host_files = {"no-such-file"};
    const Result<Submission> missing = submission_of(settings);
    ASSERT_FALSE(missing);
    EXPECT_EQ(missing.error().message(),
              "read the hostfile no-such-file: No such file or directory");
    settings.host_files = {"."};
    const Result<Submission> directory = submission_of(settings);
    ASSERT_FALSE(directory);
    EXPECT_EQ(directory.error().code, std::errc::is_a_directory);
}

TEST_F(SubmissionTest, RefusesAHostfileWithoutEnd) {
    Settings settings = settings_of_one();
    settings.host_files = {"/dev/zero"};
    const Result<Submission> endless = submission_of(settings);
    ASSERT_FALSE(endless);
    EXPECT_EQ(endless.error().code, std::errc::file_too_large);
}

TEST_F(SubmissionTest, PassesOnVariables) {
    ::setenv("LAUNCHER_TEST_SET", "some value", 1);
    ::unsetenv("LAUNCHER_TEST_UNSET");
    Settings settings = settings_of_one();
    settings.apps.push_back(
        {.environment = {{EnvironmentChange::Kind::set, "OTHER", "a=b"},
                         {EnvironmentChange::Kind::pass, "LAUNCHER_TEST_UNSET", ""}},
         .argv = {"./b"}});
    const Submission submission = submitted(settings);
    EXPECT_TRUE(submission.job.apps[0].environment.empty());
    EXPECT_EQ(submission.job.apps[1].environment, (std::vector<std::string>{"OTHER=a=b"}));
    ASSERT_EQ(submission.notices.size(), 1u);
    EXPECT_NE(submission.notices[0].find("LAUNCHER_TEST_UNSET"), std::string::npos);
    EXPECT_NE(std::ranges::find(submission.job.environment, "LAUNCHER_TEST_SET=some value"),
              submission.job.environment.end());
}

TEST_F(SubmissionTest, GivesEachProgramItsHosts) {
    Settings settings = settings_of_one();
    settings.apps[0].host_words = {"a:2"};
    settings.default_host_file = "not-read";
    EXPECT_EQ(submitted(settings).job.host_words, (std::vector<std::string>{"a:2"}));
    settings.apps.push_back({.host_words = {"b"}, .argv = {"./b"}});
    const wire::SubmitJob job = submitted(settings).job;
    EXPECT_EQ(job.host_words, (std::vector<std::string>{"a:2", "b"}));
    EXPECT_EQ(job.apps[0].host_words, (std::vector<std::string>{"a:2"}));
    EXPECT_EQ(job.apps[1].host_words, (std::vector<std::string>{"b"}));
}

TEST_F(SubmissionTest, ReadsTheDefaultHostfileWhenNoHostIsNamed) {
    std::ofstream{"default"} << "a slots=2\n";
    Settings settings = settings_of_one();
    settings.default_host_file = "default";
    ASSERT_EQ(submitted(settings).job.host_files.size(), 1u);
    settings.host_words = {"b"};
    EXPECT_TRUE(submitted(settings).job.host_files.empty());
}

TEST_F(SubmissionTest, ReadsTheRankfile) {
    std::ofstream{"ranks"} << "rank 0=a slot=0\n";
    Settings settings = settings_of_one();
    settings.rank_file = "ranks";
    EXPECT_EQ(submitted(settings).job.placement.list.text, "rank 0=a slot=0\n");
    settings.rank_file = "missing";
    EXPECT_EQ(submission_of(settings).error().message(),
              "read the list missing: No such file or directory");
}

TEST_F(SubmissionTest, CarriesUmaskAndLimits) {
    const mode_t before = ::umask(027);
    const Submission submission = submitted(settings_of_one());
    EXPECT_EQ(submission.job.umask, 027u);
    EXPECT_EQ(::umask(before), 027u) << "asking changed it";
    rlimit files{};
    ::getrlimit(RLIMIT_NOFILE, &files);
    const wire::ResourceLimit expected{RLIMIT_NOFILE, files.rlim_cur};
    EXPECT_NE(std::ranges::find(submission.job.limits, expected), submission.job.limits.end());
    const auto counts_processes = [](const wire::ResourceLimit& limit) {
        return limit.resource == RLIMIT_NPROC;
    };
    EXPECT_TRUE(std::ranges::none_of(submission.job.limits, counts_processes));
}

TEST_F(SubmissionTest, SaysWhenThereIsNoCurrentDirectory) {
    std::filesystem::create_directory("gone");
    std::filesystem::current_path("gone");
    std::filesystem::remove(directory_ / "gone");
    const Result<Submission> submission = submission_of(settings_of_one());
    ASSERT_FALSE(submission);
    EXPECT_EQ(submission.error().doing, "find the current directory");
}

}  // namespace
}  // namespace vrun::launcher
