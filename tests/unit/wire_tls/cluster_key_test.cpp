// SPDX-License-Identifier: Apache-2.0
#include "wire/tls/cluster_key.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>
#include <array>
#include <cstdlib>
#include <fstream>

namespace vrun::wire {
namespace {

const std::string digits = "00112233445566778899aabbccddeeffFFEEDDCCBBAA99887766554433221100";

// A file of its own directory, removed with it.
class KeyFile {
public:
    KeyFile(const std::string& text, mode_t mode) {
        std::string name = "/tmp/vrun-key-test.XXXXXX";
        directory_ = ::mkdtemp(name.data());
        std::ofstream{path()} << text;
        ::chmod(path().c_str(), mode);
    }
    ~KeyFile() {
        ::unlink(path().c_str());
        ::unlink(link().c_str());
        ::rmdir(directory_.c_str());
    }
    std::string path() const { return directory_ + "/key"; }
    std::string link() const { return directory_ + "/link"; }

private:
    std::string directory_;
};

TEST(ClusterKey, IsReadFromALineOfHexDigits) {
    const auto keys = parse_keys(digits);
    ASSERT_TRUE(keys) << keys.error().message();
    ASSERT_EQ(keys->size(), 1u);
    EXPECT_EQ(keys->front().bytes()[1], 0x11);
    EXPECT_EQ(keys->front().bytes()[16], 0xff);
    EXPECT_EQ(keys->front().bytes()[31], 0x00);
}

TEST(ClusterKey, FileMayHaveCommentsBlankLinesAndSeveralKeys) {
    const auto keys =
        parse_keys("# ours\r\n\n  " + digits + "  # old\r\n\t\n" + std::string(64, 'a') + "\n");
    ASSERT_TRUE(keys) << keys.error().message();
    ASSERT_EQ(keys->size(), 2u);
    EXPECT_EQ(keys->back().bytes()[0], 0xaa);
}

TEST(ClusterKey, ErrorNamesTheLineButNotItsText) {
    for (const std::string& bad :
         {digits.substr(1), digits + "0", std::string(64, 'g'), "-1" + digits.substr(2),
          digits.substr(0, 32) + " " + digits.substr(33), std::string(64, '\0')}) {
        const auto keys = parse_keys("# comment\n" + digits + "\n" + bad + "\n");
        ASSERT_FALSE(keys) << bad;
        EXPECT_EQ(keys.error().code, KeyErrc::bad_line);
        EXPECT_EQ(keys.error().doing, "line 3");
    }
    for (const std::string_view empty : {"", "\n\n", "# only a comment"})
        EXPECT_EQ(parse_keys(empty).error().code, KeyErrc::no_key);
}

TEST(ClusterKey, NewLineIsAGoodLineAndEachTimeAnother) {
    const std::string line = new_key_line();
    EXPECT_EQ(line.size(), 64u);
    EXPECT_TRUE(parse_keys(line));
    EXPECT_NE(line, new_key_line());
}

TEST(ClusterKey, PermissionsDecideWhoTrustsTheFile) {
    struct Row {
        KeyFileOwner file;
        uid_t reader;
        std::error_code expected;
    };
    const std::array<gid_t, 2> groups{100, 2000};
    const std::array rows{
        Row{{0, 0, 0400}, 0, {}},
        Row{{0, 0, 0600}, 0, {}},
        Row{{0, 0, 0444}, 0, KeyErrc::open_to_others},  // a Swarm secret's default
        Row{{0, 0, 0440}, 0, KeyErrc::open_to_others},  // members of group 0 are other uids
        Row{{0, 2000, 0440}, 0, KeyErrc::open_to_others},
        Row{{0, 0, 0420}, 0, KeyErrc::open_to_others},
        Row{{1000, 100, 0400}, 0, KeyErrc::not_roots},
        Row{{1000, 100, 0400}, 1000, {}},
        Row{{1000, 100, 0600}, 1000, {}},
        Row{{1000, 100, 0440}, 1000, {}},
        Row{{0, 2000, 0440}, 1000, {}},  // Kubernetes: fsGroup
        Row{{0, 2000, 0640}, 1000, {}},
        Row{{0, 2001, 0440}, 1000, KeyErrc::group_not_ours},
        Row{{1000, 2001, 0440}, 1000, KeyErrc::group_not_ours},
        Row{{0, 2000, 0460}, 1000, KeyErrc::open_to_others},
        Row{{1000, 100, 0444}, 1000, KeyErrc::open_to_others},
        Row{{1000, 100, 0402}, 1000, KeyErrc::open_to_others},
        Row{{1001, 2000, 0440}, 1000, KeyErrc::not_ours},
        Row{{1001, 100, 0400}, 1000, KeyErrc::not_ours},
    };
    for (const Row& row : rows) {
        const std::error_code got = check_key_permissions(row.file, {row.reader, groups});
        EXPECT_EQ(got, row.expected)
            << row.file.uid << ":" << row.file.gid << " " << std::oct << row.file.mode << " by "
            << std::dec << row.reader << ": " << got.message();
    }
}

TEST(ClusterKey, FileIsReadThroughALink) {
    const KeyFile file{digits + "\n", 0400};
    ASSERT_EQ(::symlink(file.path().c_str(), file.link().c_str()), 0);
    const auto keys = read_key_file(file.link());
    ASSERT_TRUE(keys) << keys.error().message();
    EXPECT_EQ(keys->size(), 1u);
}

TEST(ClusterKey, FileThatOthersCanReadIsRefusedWithARemedy) {
    const KeyFile file{digits + "\n", 0444};
    const auto keys = read_key_file(file.path());
    ASSERT_FALSE(keys);
    const std::string message = keys.error().message();
    for (const std::string& part :
         {file.path(), std::string{"mode 0444"}, std::string{"chmod 0400"},
          std::string{"'mode: 0400' in the stack"}})
        EXPECT_NE(message.find(part), std::string::npos) << message;
}

TEST(ClusterKey, FileThatIsNoneOrTooLongIsRefused) {
    const KeyFile file{std::string(key_file_size_max + 1, '\n'), 0400};
    EXPECT_EQ(read_key_file(file.path()).error().code, KeyErrc::too_long);
    EXPECT_EQ(read_key_file("/tmp").error().code, KeyErrc::not_a_file);
    EXPECT_EQ(read_key_file("/no/such/key").error().code, std::errc::no_such_file_or_directory);
    ASSERT_EQ(::mkfifo(file.link().c_str(), 0400), 0);
    EXPECT_EQ(read_key_file(file.link()).error().code, KeyErrc::not_a_file);
}

TEST(ClusterKey, LineIsReadWithoutWhatFollowsIt) {
    int ends[2];
    ASSERT_EQ(::pipe(ends), 0);
    const std::string text = digits + "\nmore";
    ASSERT_EQ(::write(ends[1], text.data(), text.size()), static_cast<ssize_t>(text.size()));
    const auto keys = read_key_line(ends[0]);
    ASSERT_TRUE(keys) << keys.error().message();
    EXPECT_EQ(keys->front(), parse_keys(digits)->front());
    std::array<char, 8> rest{};
    EXPECT_EQ(::read(ends[0], rest.data(), rest.size()), 4);
    ::close(ends[1]);
    EXPECT_EQ(read_key_line(ends[0]).error().code, KeyErrc::no_key);
    ::close(ends[0]);
}

TEST(ClusterKey, FileErrorNamesFileAndLine) {
    const KeyFile file{digits + "\nsecret\n", 0600};
    const auto keys = read_key_file(file.path());
    ASSERT_FALSE(keys);
    EXPECT_NE(keys.error().message().find(file.path()), std::string::npos);
    EXPECT_NE(keys.error().message().find(", line 2: not 64 hex digits"), std::string::npos)
        << keys.error().message();
    EXPECT_EQ(keys.error().message().find("secret"), std::string::npos);
}

}  // namespace
}  // namespace vrun::wire
