// SPDX-License-Identifier: Apache-2.0
#include "wire/preload_rules.hpp"

#include <gtest/gtest.h>
#include <array>

namespace vrun::wire {
namespace {

using namespace std::string_view_literals;

TEST(PreloadRules, KeepsNamesBelowTheirDirectory) {
    for (const std::string_view name : {"a"sv, "a/b.dat"sv, "..."sv, "a b/c,d"sv, ".hidden"sv})
        EXPECT_TRUE(is_name_below(name)) << name;
    for (const std::string_view name :
         {""sv, "/"sv, "/etc/passwd"sv, ".."sv, "../a"sv, "a/../../b"sv, "a/.."sv, "a//b"sv, "a/"sv,
          "./a"sv, "a/."sv, "a\0b"sv})
        EXPECT_FALSE(is_name_below(name)) << name;
    EXPECT_TRUE(is_name_below(std::string(255, 'x')));
    EXPECT_FALSE(is_name_below(std::string(256, 'x')));
}

TEST(PreloadRules, NamesWhatAUserNames) {
    struct Row {
        std::string_view path, name;
    };
    constexpr std::array rows{Row{"a", "a"},
                              Row{"a/b", "a/b"},
                              Row{"./a", "a"},
                              Row{"../../data/a", "data/a"},
                              Row{".//a", "a"},
                              Row{"/scratch/in/a b", "a b"},
                              Row{"a/../b", "a/../b"},
                              Row{"..", ".."},
                              Row{"/", ""},
                              Row{"a/", "a/"}};
    for (const Row& row : rows)
        EXPECT_EQ(name_below(row.path), row.name) << row.path;
}

PreloadFile sound_file() {
    return {.name = "in/a.dat",
            .directory = "/scratch",
            .is_program = false,
            .apps = {0, 2},
            .mode = 0644,
            .size = 5,
            .digest = Bytes(digest_size)};
}

TEST(PreloadRules, BelievesNoMessage) {
    const std::array<void (*)(PreloadFile&), 9> lies{
        [](PreloadFile& f) { f.name = "../a"; },
        [](PreloadFile& f) { f.name = ""; },
        [](PreloadFile& f) { f.is_program = true; },  // of a program, only the last part
        [](PreloadFile& f) { f.directory.push_back('\0'); },
        [](PreloadFile& f) {
            f.apps = {0, 3};
        },
        [](PreloadFile& f) { f.apps.clear(); },
        [](PreloadFile& f) { f.mode = 04755; },
        [](PreloadFile& f) { f.size = ~std::uint64_t{0}; },
        [](PreloadFile& f) { f.digest.pop_back(); },
    };
    EXPECT_TRUE(valid_files(std::array{sound_file()}, 3));
    for (std::size_t i = 0; i < lies.size(); ++i) {
        std::array files{sound_file(), sound_file()};
        lies[i](files[1]);
        EXPECT_FALSE(valid_files(files, 3)) << i;
    }
}

}  // namespace
}  // namespace vrun::wire
