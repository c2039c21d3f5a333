// SPDX-License-Identifier: Apache-2.0
#include "daemon/hostfiles.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <array>
#include <filesystem>
#include <fstream>
#include <thread>

namespace vrun::daemon {
namespace {

namespace fs = std::filesystem;

class ReplaceFile : public testing::Test {
protected:
    ReplaceFile() {
        std::string name = (fs::temp_directory_path() / "vrun-hostfiles-XXXXXX").string();
        directory_ = ::mkdtemp(name.data());
        path_ = directory_ / "hosts";
    }
    ~ReplaceFile() override { fs::remove_all(directory_); }

    std::string text() const {
        std::ifstream file{path_};
        return {std::istreambuf_iterator<char>{file}, {}};
    }
    std::size_t entries() const {
        return static_cast<std::size_t>(
            std::distance(fs::directory_iterator{directory_}, fs::directory_iterator{}));
    }

    fs::path directory_;
    std::string path_;
};

TEST_F(ReplaceFile, MakesAFileThatAllMayRead) {
    const mode_t before = ::umask(077);
    EXPECT_FALSE(replace_file(path_, "a\n"));
    ::umask(before);
    EXPECT_EQ(text(), "a\n");
    struct stat status {};
    ASSERT_EQ(::stat(path_.c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777, 0644u);
    EXPECT_EQ(entries(), 1u);
}

TEST_F(ReplaceFile, LeavesAReaderTheOldOne) {
    ASSERT_FALSE(replace_file(path_, "old"));
    std::ifstream reader{path_};
    ASSERT_FALSE(replace_file(path_, "new"));
    EXPECT_EQ((std::string{std::istreambuf_iterator<char>{reader}, {}}), "old");
    EXPECT_EQ(text(), "new");
}

TEST_F(ReplaceFile, ReplacesALinkAndNotWhatItNames) {
    const fs::path target = directory_ / "precious";
    std::ofstream{target} << "precious";
    fs::create_symlink(target, path_);
    EXPECT_FALSE(replace_file(path_, "a"));
    EXPECT_EQ(text(), "a");
    EXPECT_EQ(fs::file_size(target), 8u);
    EXPECT_FALSE(fs::is_symlink(path_));
}

TEST_F(ReplaceFile, LeavesAloneWhatAnotherDaemonWritesBesideIt) {
    const std::string other = path_ + ".vrun-" + std::to_string(::getpid());  // of a container
    std::ofstream{other} << "half";
    EXPECT_FALSE(replace_file(path_, "a"));
    EXPECT_EQ(fs::file_size(other), 4u);
    EXPECT_EQ(entries(), 2u);
}

TEST_F(ReplaceFile, IsWholeWhoeverElseReplacesIt) {
    const std::string long_a(200'000, 'a'), long_b(200'000, 'b');
    const auto replace_often = [&](const std::string& ours) {
        for (int round = 0; round < 30; ++round) {
            const auto error = replace_file(path_, ours);
            EXPECT_FALSE(error) << error->message();
            const std::string seen = text();
            EXPECT_TRUE(seen == long_a || seen == long_b) << seen.size();
        }
    };
    std::thread other{[&] { replace_often(long_a); }};
    replace_often(long_b);
    other.join();
    EXPECT_EQ(entries(), 1u);
}

TEST_F(ReplaceFile, LeavesNothingWhenItFails) {
    fs::create_directory(path_);
    const auto error = replace_file(path_, "a");
    ASSERT_TRUE(error);
    EXPECT_NE(error->message().find(path_), std::string::npos) << error->message();
    EXPECT_EQ(entries(), 1u);
    EXPECT_TRUE(replace_file(path_ + "/none/hosts", "a"));
}

Gathered gathered(std::size_t up, std::size_t suspect, std::size_t unreached, std::size_t pending,
                  bool has_problem) {
    Gathered result;
    result.nodes.resize(up + suspect);
    for (std::size_t i = up; i < up + suspect; ++i)
        result.nodes[i].is_suspect = true;
    result.unreached.resize(unreached);
    result.pending = pending;
    if (has_problem) result.problems.push_back("dns:tasks.worker: no such name");
    return result;
}

TEST(IsNobodyThere, IsTrueOnlyWhenItIsSure) {
    struct Row {
        const char* what;
        std::size_t up, suspect, unreached, pending;
        bool has_problem, is_nobody_there;
    };
    const std::array rows{
        Row{"an empty list", 0, 0, 0, 0, false, true},
        Row{"no list yet", 0, 0, 0, 0, true, false},
        Row{"all have failed", 0, 0, 2, 0, false, true},
        Row{"all of the last good list have failed", 0, 0, 2, 0, true, true},
        Row{"nobody has answered or failed yet", 0, 0, 0, 2, false, false},
        Row{"one has not", 0, 0, 2, 1, false, false},
        Row{"one of the last good list has not", 0, 0, 2, 1, true, false},
        Row{"our own network may be away", 0, 2, 0, 0, false, false},
        Row{"one is suspect", 0, 1, 2, 0, true, false},
        Row{"one is up", 1, 0, 0, 0, false, false},
        Row{"one of each", 1, 1, 1, 1, true, false},
    };
    for (const Row& row : rows)
        EXPECT_EQ(is_nobody_there(
                      gathered(row.up, row.suspect, row.unreached, row.pending, row.has_problem)),
                  row.is_nobody_there)
            << row.what;
}

}  // namespace
}  // namespace vrun::daemon
