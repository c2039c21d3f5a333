// SPDX-License-Identifier: Apache-2.0
#include "daemon/shepherd/base_directories.hpp"

#include "wire/base/fd.hpp"
#include "wire/base/result.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <optional>

namespace vrun::shepherd {
namespace {

namespace fs = std::filesystem;

unsigned int mode_of(const std::string& path) {
    struct stat status {};
    check(::stat(path.c_str(), &status), "stat");
    return status.st_mode & 07777;
}

TEST(BaseDirectories, AreMadeForUsAloneAndRemovedAsAWhole) {
    const MadeDirectories directories = make_base_directories();
    const BaseDirectories& made = directories.paths;
    EXPECT_TRUE(made.tmp.starts_with("/tmp/vrun-s."));
    EXPECT_EQ(mode_of(made.tmp), 0700u);
    EXPECT_TRUE(made.shm.empty() || mode_of(made.shm) == 0700);
    std::ofstream{made.tmp + "/file"} << "text";
    remove_base_directories(made);
    EXPECT_FALSE(fs::exists(made.tmp));
    EXPECT_FALSE(fs::exists(made.shm));
    remove_base_directories(made);  // by both of guard and shepherd: nothing to complain about
}

TEST(BaseDirectories, AreStaleOnceNobodyHoldsTheirLocks) {
    std::optional<MadeDirectories> made = make_base_directories();
    const BaseDirectories paths = made->paths;
    std::ofstream{paths.tmp + "/file"} << "text";
    const auto is_found = [&] {
        const std::string name = fs::path{paths.tmp}.filename();
        return std::ranges::count(stale_base_directories(), name, &StaleDirectory::name) == 1;
    };
    EXPECT_FALSE(is_found());
    UniqueFd shepherds{check(::dup(made->locks.tmp.get()), "dup")};
    made.reset();
    EXPECT_FALSE(is_found()) << "the shepherd still holds it";
    shepherds = UniqueFd{};
    EXPECT_TRUE(is_found());
    fs::permissions(paths.tmp, fs::perms::none);
    EXPECT_TRUE(is_found());
    remove_stale(stale_base_directories());
    EXPECT_FALSE(fs::exists(paths.tmp));
    EXPECT_FALSE(fs::exists(paths.shm));
}

TEST(BaseDirectories, OfOthersAndLinksAreNeverStale) {
    std::string other = "/tmp/remove-tree-other-XXXXXX";
    ASSERT_TRUE(::mkdtemp(other.data()));
    const std::string link = "/tmp/vrun-s.aLinkX", alien = "/tmp/vrun-s.aliens";
    fs::create_directory_symlink(other, link);
    fs::create_directory(alien);
    if (::geteuid() == 0) check(::chown(alien.c_str(), 4242, 4242), "chown");
    for (const StaleDirectory& stale : stale_base_directories()) {
        EXPECT_NE(stale.name, "vrun-s.aLinkX");
        EXPECT_TRUE(stale.name != "vrun-s.aliens" || ::geteuid() != 0);
    }
    for (const std::string& path : {link, alien, other})
        fs::remove(path);
}

class RemoveTree : public testing::Test {
protected:
    RemoveTree() { check(::mkdtemp(base_.data()) ? 0 : -1, "mkdtemp"); }
    ~RemoveTree() override { fs::remove_all(base_); }
    std::string at(const std::string& name) const { return base_ + "/" + name; }

    std::string base_ = "/tmp/remove-tree-test-XXXXXX";
};

TEST_F(RemoveTree, FollowsNoLinks) {
    std::string other = "/tmp/remove-tree-other-XXXXXX";
    ASSERT_TRUE(::mkdtemp(other.data()));
    std::ofstream{other + "/precious"} << "text";
    fs::create_directory_symlink(other, at("link"));
    fs::create_directory(at("sub"));
    fs::create_directory_symlink(other, at("sub/link"));
    EXPECT_TRUE(remove_tree(base_));
    EXPECT_FALSE(fs::exists(base_));
    EXPECT_TRUE(fs::exists(other + "/precious"));
    fs::remove_all(other);
}

TEST_F(RemoveTree, DoesNotFollowABaseThatBecameALink) {
    const std::string link = base_ + "-link";
    std::ofstream{at("precious")} << "text";
    fs::create_directory_symlink(base_, link);
    EXPECT_FALSE(remove_tree(link));
    EXPECT_TRUE(fs::exists(at("precious")));
    fs::remove(link);
}

TEST_F(RemoveTree, RemovesATreeDeeperThanAnyPathOrDescriptorTable) {
    UniqueFd here{check(::open(base_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC), "open")};
    for (int depth = 0; depth < 3'000; ++depth) {
        check(::mkdirat(here.get(), "deeper", 0700), "mkdirat");
        UniqueFd{
            check(::openat(here.get(), "file", O_CREAT | O_WRONLY | O_CLOEXEC, 0600), "openat")};
        here = UniqueFd{
            check(::openat(here.get(), "deeper", O_RDONLY | O_DIRECTORY | O_CLOEXEC), "openat")};
    }
    EXPECT_TRUE(remove_tree(base_));
    EXPECT_FALSE(fs::exists(base_));
}

TEST_F(RemoveTree, RemovesDirectoriesWithoutPermissions) {
    fs::create_directories(at("a/b/c"));
    std::ofstream{at("a/b/c/file")} << "text";
    for (const char* name : {"a/b/c", "a/b", "a"})
        fs::permissions(at(name), fs::perms::none);
    const pid_t plain_user = ::fork();  // root would not notice
    if (plain_user == 0) {
        if (::geteuid() == 0 &&
            (::chown(base_.c_str(), 4242, 4242) < 0 || ::lchown(at("a").c_str(), 4242, 4242) < 0 ||
             ::lchown(at("a/b").c_str(), 4242, 4242) < 0 ||
             ::lchown(at("a/b/c").c_str(), 4242, 4242) < 0 || ::setuid(4242) < 0))
            ::_exit(2);
        ::_exit(remove_tree(base_) ? 0 : 1);
    }
    int status = 0;
    ::waitpid(plain_user, &status, 0);
    EXPECT_EQ(status, 0);
    EXPECT_FALSE(fs::exists(base_));
}

TEST_F(RemoveTree, LeavesWhatIsMountedThere) {
    fs::create_directories(at("sub/mount"));
    if (::mount("tmpfs", at("sub/mount").c_str(), "tmpfs", 0, nullptr) < 0)
        GTEST_SKIP() << "may not mount";
    std::ofstream{at("sub/mount/precious")} << "text";
    std::ofstream{at("sub/file")} << "text";
    EXPECT_FALSE(remove_tree(base_));
    EXPECT_TRUE(fs::exists(at("sub/mount/precious")));
    EXPECT_FALSE(fs::exists(at("sub/file")));
    ::umount(at("sub/mount").c_str());
    EXPECT_TRUE(remove_tree(base_));
}

}  // namespace
}  // namespace vrun::shepherd
