// SPDX-License-Identifier: Apache-2.0
#include "daemon/hostfiles.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>
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

}  // namespace
}  // namespace vrun::daemon
