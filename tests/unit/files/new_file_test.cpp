// SPDX-License-Identifier: Apache-2.0
#include "files/new_file.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <filesystem>
#include <fstream>

namespace vrun::files {
namespace {

namespace fs = std::filesystem;

class NewFileTest : public testing::Test {
protected:
    NewFileTest() {
        std::string pattern = testing::TempDir() + "vrun-new-file.XXXXXX";
        directory = ::mkdtemp(pattern.data());
    }
    ~NewFileTest() override { fs::remove_all(directory); }

    static wire::Bytes digest_of_text(const std::string& text) {
        Digest digest;
        digest.add(wire::bytes_of(text));
        return digest.finish();
    }
    Result<Presence> presence(const Place& place, const std::string& text) const {
        return presence_of(place, text.size(), digest_of_text(text));
    }
    Place at(const std::string& name) const { return {directory, name}; }
    void put(const std::string& name, const std::string& text) const {
        std::ofstream{directory + "/" + name} << text;
    }
    std::string text_of(const std::string& name) const {
        std::ifstream file{directory + "/" + name};
        return {std::istreambuf_iterator<char>{file}, {}};
    }
    std::size_t entries() const {
        return static_cast<std::size_t>(
            std::distance(fs::recursive_directory_iterator{directory}, {}));
    }

    std::string directory;
};

TEST_F(NewFileTest, AppearsWholeWithItsPermissions) {
    const Place place = at("a b/c/data");
    ASSERT_FALSE(obstacle_at(place, 5));
    EXPECT_EQ(entries(), 0u) << "a look leaves nothing";
    auto file = NewFile::create(place, 5);
    ASSERT_TRUE(file) << file.error().message();
    EXPECT_FALSE(file->write(wire::bytes_of("hell")));
    EXPECT_FALSE(fs::exists(place.path()));
    EXPECT_FALSE(file->write(wire::bytes_of("o")));
    ASSERT_FALSE(file->place(0750));
    EXPECT_EQ(text_of("a b/c/data"), "hello");
    struct stat status {};
    ASSERT_EQ(::stat(place.path().c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 07777, 0750u);
    EXPECT_EQ(*presence(place, "hello"), Presence::same);
    EXPECT_EQ(*presence(place, "hallo"), Presence::other);
    EXPECT_EQ(*presence(place, "hello!"), Presence::other);
}

TEST_F(NewFileTest, LeavesNothingThatIsNotWhole) {
    {
        auto file = NewFile::create(at("data"), 1000);
        ASSERT_TRUE(file);
        EXPECT_FALSE(file->write(wire::bytes_of("half")));
    }
    EXPECT_EQ(entries(), 0u);
}

TEST_F(NewFileTest, ReplacesNothing) {
    auto file = NewFile::create(at("data"), 3);
    ASSERT_TRUE(file);
    EXPECT_FALSE(file->write(wire::bytes_of("new")));
    put("data", "old");
    const auto error = file->place(0644);
    ASSERT_TRUE(error);
    EXPECT_EQ(error->code, std::errc::file_exists);
    EXPECT_EQ(text_of("data"), "old");
}

TEST_F(NewFileTest, TellsWhatIsThere) {
    EXPECT_EQ(*presence(at("none"), "x"), Presence::absent);
    EXPECT_EQ(*presence(at("no/such/directory"), "x"), Presence::absent);
    EXPECT_EQ(*presence({directory + "/missing", "a"}, "x"), Presence::absent);
    fs::create_directory(directory + "/folder");
    EXPECT_EQ(*presence(at("folder"), "x"), Presence::other);
    ASSERT_EQ(::mkfifo((directory + "/fifo").c_str(), 0600), 0);
    EXPECT_EQ(*presence(at("fifo"), ""), Presence::other);
    fs::create_symlink("nowhere", directory + "/dangling");
    EXPECT_EQ(*presence(at("dangling"), ""), Presence::other);
    put("data", "x");
    fs::create_symlink("data", directory + "/link");
    EXPECT_EQ(*presence(at("link"), "x"), Presence::same) << "whoever reads it reads this";
}

TEST_F(NewFileTest, FollowsNoLinkBelowItsDirectory) {
    fs::create_directory(directory + "/elsewhere");
    fs::create_symlink("elsewhere", directory + "/in");
    EXPECT_FALSE(NewFile::create(at("in/data"), 1));
    EXPECT_FALSE(presence(at("in/data"), "x"));
    EXPECT_TRUE(obstacle_at(at("in/data"), 1));
    EXPECT_TRUE(fs::is_empty(directory + "/elsewhere"));
    EXPECT_TRUE(NewFile::create({directory + "/in", "data"}, 1)) << "the user named this one";
}

TEST_F(NewFileTest, SaysWhenThereIsNoRoom) {
    const std::uint64_t too_much = std::uint64_t{1} << 60;
    const auto error = obstacle_at(at("data"), too_much);
    ASSERT_TRUE(error);
    EXPECT_TRUE(error->code == std::errc::no_space_on_device ||
                error->code == std::errc::file_too_large)
        << error->message();
    EXPECT_FALSE(NewFile::create(at("data"), too_much));
    put("plain", "");
    EXPECT_TRUE(obstacle_at(at("plain/data"), 1)) << "below a file";
    EXPECT_EQ(entries(), 1u);
}

TEST_F(NewFileTest, MakesDirectoriesAsTheUmaskSays) {
    auto file = NewFile::create({directory + "/x/y", "z/data", 077}, 0);
    ASSERT_TRUE(file);
    for (const char* made : {"/x", "/x/y", "/x/y/z"}) {
        struct stat status {};
        ASSERT_EQ(::stat((directory + made).c_str(), &status), 0) << made;
        EXPECT_EQ(status.st_mode & 0777, 0700u) << made;
    }
}

}  // namespace
}  // namespace vrun::files
