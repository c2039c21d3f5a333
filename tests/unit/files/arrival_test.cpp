// SPDX-License-Identifier: Apache-2.0
#include "files/arrival.hpp"

#include <gtest/gtest.h>
#include <filesystem>
#include <fstream>

namespace vrun::files {
namespace {

namespace fs = std::filesystem;

class ArrivalTest : public testing::Test {
protected:
    ArrivalTest() {
        std::string pattern = testing::TempDir() + "vrun-arrival.XXXXXX";
        directory = ::mkdtemp(pattern.data());
    }
    ~ArrivalTest() override { fs::remove_all(directory); }

    static wire::PreloadFile described(const std::string& text) {
        Digest digest;
        digest.add(wire::bytes_of(text));
        wire::PreloadFile file;
        file.name = "data";
        file.mode = 0640;
        file.size = text.size();
        file.digest = digest.finish();
        return file;
    }
    Arrival::Goal goal(const std::string& below = "", std::vector<Place> found = {}) const {
        Arrival::Goal goal;
        goal.place = {directory + below, "data"};
        goal.found = std::move(found);
        return goal;
    }
    void put(const std::string& path, const std::string& text) const {
        std::ofstream{directory + path} << text;
    }
    std::string text_of(const std::string& path) const {
        std::ifstream file{directory + path};
        return {std::istreambuf_iterator<char>{file}, {}};
    }

    std::string directory;
};

TEST_F(ArrivalTest, WritesEachPlaceOnce) {
    fs::create_directory(directory + "/b");
    const wire::PreloadFile file = described("hello");
    Arrival arrival{file, {goal(), goal("/b")}};
    ASSERT_FALSE(arrival.look({}));
    EXPECT_TRUE(arrival.is_lacking());
    EXPECT_FALSE(arrival.write(wire::bytes_of("hell")));
    EXPECT_TRUE(arrival.is_lacking());
    EXPECT_FALSE(arrival.write(wire::bytes_of("o")));
    EXPECT_FALSE(arrival.is_lacking());
    EXPECT_EQ(text_of("/data"), "hello");
    EXPECT_EQ(text_of("/b/data"), "hello");
}

TEST_F(ArrivalTest, NeedsNothingWhereItIs) {
    put("/data", "hello");
    const wire::PreloadFile file = described("hello");
    Arrival arrival{file, {goal()}};
    EXPECT_FALSE(arrival.look({}));
    EXPECT_FALSE(arrival.is_lacking());
    Arrival nobody{file, {}};
    EXPECT_FALSE(nobody.look({}));
    EXPECT_FALSE(nobody.is_lacking());
}

TEST_F(ArrivalTest, IsContentWithTheSameElsewhereIfThatIsWhereAllLook) {
    put("/same", "hello");
    put("/other", "hallo");
    const Place same{directory, "same"}, other{directory, "other"}, none{directory, "none"};
    const wire::PreloadFile file = described("hello");
    struct Row {
        std::vector<Place> found;
        bool is_found;
    };
    for (const Row& row : {Row{{same}, true}, Row{{same, same}, true}, Row{{same, other}, false},
                           Row{{none}, false}, Row{{}, false}}) {
        Arrival arrival{file, {goal("", row.found)}};
        EXPECT_FALSE(arrival.look({}));
        EXPECT_EQ(arrival.goals().front().is_found, row.is_found);
        EXPECT_EQ(arrival.is_lacking(), !row.is_found);
    }
}

TEST_F(ArrivalTest, OverwritesNothing) {
    put("/data", "mine");
    const wire::PreloadFile file = described("hello");
    Arrival arrival{file, {goal()}};
    const auto error = arrival.look({});
    ASSERT_TRUE(error);
    EXPECT_NE(error->doing.find("'" + directory + "/data' is something else"), error->doing.npos)
        << error->doing;
    EXPECT_EQ(text_of("/data"), "mine");
}

TEST_F(ArrivalTest, MeetsWhoWasFasterInADirectoryThatIsShared) {
    const wire::PreloadFile file = described("hello");
    for (const char* text : {"hello", "hallo"}) {
        Arrival arrival{file, {goal()}};
        ASSERT_FALSE(arrival.look({}));
        EXPECT_FALSE(arrival.write(wire::bytes_of("hell")));
        put("/data", text);
        EXPECT_EQ(arrival.write(wire::bytes_of("o")).has_value(), text != std::string{"hello"});
        EXPECT_EQ(text_of("/data"), text);
        fs::remove(directory + "/data");
    }
}

TEST_F(ArrivalTest, HasARightChecksumOrNoName) {
    const wire::PreloadFile file = described("hello");
    {
        Arrival arrival{file, {goal()}};
        ASSERT_FALSE(arrival.look({}));
        EXPECT_TRUE(arrival.write(wire::bytes_of("hallo")));
    }
    EXPECT_TRUE(fs::is_empty(directory));
}

TEST_F(ArrivalTest, MakesAnEmptyFileWithoutAByte) {
    const wire::PreloadFile file = described("");
    Arrival arrival{file, {goal("/new")}};
    EXPECT_FALSE(arrival.look({}));
    EXPECT_FALSE(arrival.is_lacking());
    EXPECT_TRUE(fs::exists(directory + "/new/data"));
}

}  // namespace
}  // namespace vrun::files
