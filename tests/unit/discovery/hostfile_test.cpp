// SPDX-License-Identifier: Apache-2.0
#include "discovery/hostfile.hpp"

#include "discovery/errors.hpp"
#include "wire/hostfile_text.hpp"

#include <gtest/gtest.h>
#include <random>

namespace vrun::discovery {
namespace {

HostEntry host(std::string name, std::uint32_t slots = 0, std::size_t line = 0) {
    HostEntry entry;
    entry.name = std::move(name);
    entry.slots = slots;
    entry.line = line;
    return entry;
}

std::vector<HostEntry> hostfile(std::string_view text) {
    const auto hosts = parse_hostfile(text, "hosts");
    EXPECT_TRUE(hosts) << hosts.error().message();
    return hosts ? *hosts : std::vector<HostEntry>{};
}

TEST(Hostfile, MayBePlain) {
    const std::vector<HostEntry> expected{host("a", 0, 1), host("b.example.org", 0, 2),
                                          host("10.0.0.1", 0, 4)};
    EXPECT_EQ(hostfile("a\nb.example.org\r\n\n  10.0.0.1  # the old one"), expected);
    EXPECT_TRUE(hostfile("# nothing\n\n").empty());
    EXPECT_TRUE(hostfile("").empty());
}

TEST(Hostfile, MayBeOfOpenMpi) {
    const auto hosts = hostfile(
        "# our cluster\n"
        "node1 slots=4 max_slots=8\n"
        "node2 max-slots = 6 SLOTS = 2 # spaces\n"
        "me@node3 slots=1\n"
        "node4 user=you port=7200\n");
    ASSERT_EQ(hosts.size(), 4u);
    EXPECT_EQ(hosts[0], (HostEntry{"node1", "", 4, 8, 0, 2}));
    EXPECT_EQ(hosts[1], (HostEntry{"node2", "", 2, 6, 0, 3}));
    EXPECT_EQ(hosts[2], (HostEntry{"node3", "me", 1, 0, 0, 4}));
    EXPECT_EQ(hosts[3], (HostEntry{"node4", "you", 0, 0, 7200, 5}));
}

TEST(Hostfile, MayBeOfHydra) {
    const std::vector<HostEntry> expected{host("a", 2, 1), host("b", 16, 2), host("fe80::1", 4, 3),
                                          host("::1", 0, 4)};
    EXPECT_EQ(hostfile("a:2\nb:16 ifname=eth1\n[fe80::1]:4\n[::1]"), expected);
}

TEST(Hostfile, MayHaveIpv6WithoutBrackets) {
    HostEntry own = host("fd77::4", 0, 4);
    own.user = "me";
    const std::vector<HostEntry> expected{host("fd77::2", 4, 1), host("fd77::2:4", 0, 2),
                                          host("fe80::1%eth0", 0, 3), own};
    EXPECT_EQ(hostfile("fd77::2 slots=4\nfd77::2:4\nfe80::1%eth0\nme@fd77::4\n"), expected);
}

TEST(Hostfile, MayBeWhatWeWriteOfIpv6) {
    wire::HostList list;
    list.hosts = {{"w1", "fd77::2", 7117, 4, "", wire::HostState::up, ""},
                  {"w2", "fd77::3", 7117, 2, "", wire::HostState::up, ""}};
    struct Row {
        wire::HostfileFormat format;
        std::vector<HostEntry> hosts;
    };
    for (const Row& row :
         {Row{wire::HostfileFormat::openmpi, {host("fd77::2", 4, 1), host("fd77::3", 2, 2)}},
          Row{wire::HostfileFormat::mpich, {host("w1", 4, 1), host("w2", 2, 2)}},
          Row{wire::HostfileFormat::plain, {host("fd77::2", 0, 1), host("fd77::3", 0, 2)}}})
        EXPECT_EQ(hostfile(wire::hostfile_text(list, row.format)), row.hosts);
}

TEST(Hostfile, AddsTheSlotsOfRepeatedNames) {
    const std::vector<HostEntry> expected{host("a", 6, 1), host("b", 3, 2), host("c", 0, 5),
                                          host("d", 3, 6)};
    EXPECT_EQ(hostfile("a slots=2\nb\nA:4\nb slots=2\nc\nd\nd\nd\n"), expected);
}

TEST(Hostfile, KeepsDaemonsOfOneAddressApartByPort) {
    const auto hosts = hostfile("127.0.0.1 port=7001 slots=2\n127.0.0.1 port=7002 slots=2\n");
    ASSERT_EQ(hosts.size(), 2u);
    EXPECT_EQ(hosts[1].port, 7002);
}

struct BadLine {
    const char* line;
    Errc code;
    const char* shown;
};

class BadHostfile : public testing::TestWithParam<BadLine> {};

TEST_P(BadHostfile, NamesPathAndLine) {
    const auto hosts =
        parse_hostfile("# one\nfine slots=3\n" + std::string{GetParam().line} + "\n", "my\nhosts");
    ASSERT_FALSE(hosts);
    EXPECT_EQ(hosts.error().code, GetParam().code) << hosts.error().message();
    EXPECT_EQ(hosts.error().doing, std::string{"hostfile my\\nhosts, line 3: "} + GetParam().shown);
}

INSTANTIATE_TEST_SUITE_P(
    Hostfile, BadHostfile,
    testing::Values(
        BadLine{"a slots=x", Errc::bad_slots, "'slots=x'"},
        BadLine{"a slots=0", Errc::bad_slots, "'slots=0'"},
        BadLine{"a slots=-1", Errc::bad_slots, "'slots=-1'"},
        BadLine{"a slots=4x", Errc::bad_slots, "'slots=4x'"},
        BadLine{"a slots=99999999999", Errc::bad_slots, "'slots=99999999999'"},
        BadLine{"a slots=3000000000", Errc::too_many_slots, "'a'"},
        BadLine{"a slots=4 max_slots=2", Errc::slots_above_max, "'a'"},
        BadLine{"a slots=4 slots=2", Errc::given_twice, "'slots=2'"},
        BadLine{"a:4 slots=2", Errc::given_twice, "'slots=2'"},
        BadLine{"a slots", Errc::no_value, "'slots'"},
        BadLine{"a slots=", Errc::no_value, "'slots'"},
        BadLine{"a slots==4", Errc::no_value, "'slots'"},
        BadLine{"a cores=4", Errc::unknown_keyword, "'cores'"},
        BadLine{"a b", Errc::unknown_keyword, "'b'"},
        BadLine{"a port=70000", Errc::bad_port, "'port=70000'"},
        BadLine{"a:", Errc::bad_slots, "'a:'"}, BadLine{"a:0", Errc::bad_slots, "'a:0'"},
        BadLine{":4", Errc::bad_host_name, "':4'"},
        BadLine{"-oProxyCommand", Errc::bad_host_name, "'-oProxyCommand'"},
        BadLine{"a\x1b[2J", Errc::bad_host_name, "'a\\x1b[2J'"},
        BadLine{"@a", Errc::bad_host_name, "'@a'"}, BadLine{"a@", Errc::bad_host_name, "'a@'"},
        BadLine{"node[1-4]", Errc::bad_host_name, "'node[1-4]'"},
        BadLine{"[fe80::1", Errc::bad_host_name, "'[fe80::1'"},
        BadLine{"[fe80::1]4", Errc::bad_host_name, "'[fe80::1]4'"},
        BadLine{"[a]", Errc::bad_host_name, "'[a]'"}, BadLine{"[]", Errc::bad_host_name, "'[]'"},
        BadLine{"fd77:0:0:0:0:0:0:1:4", Errc::ipv6_without_brackets, "'fd77:0:0:0:0:0:0:1:4'"},
        BadLine{"a:4:2", Errc::ipv6_without_brackets, "'a:4:2'"},
        BadLine{"+n0", Errc::relative_node, "'+n0'"}, BadLine{"^a", Errc::relative_node, "'^a'"}));

TEST(Hostfile, ShowsOnlyTheBeginningOfALongWord) {
    const auto hosts = parse_hostfile(std::string(100'000, '!'), "hosts");
    ASSERT_FALSE(hosts);
    EXPECT_LT(hosts.error().doing.size(), 150u);
}

TEST(Hostfile, ReadsAHundredThousandHosts) {
    std::string text;
    for (int i = 0; i < 100'000; ++i)
        text += "node" + std::to_string(i) + " slots=2\n";
    EXPECT_EQ(hostfile(text + text).size(), 100'000u);
}

TEST(Hostfile, SurvivesGarbage) {
    constexpr std::string_view alphabet = "a1:=[]@#,.-+^ \n\tslotsmax_%\0\xff";
    std::mt19937 random{1};
    for (int round = 0; round < 20'000; ++round) {
        std::string text(random() % 40, '\0');
        for (char& c : text)
            c = alphabet[random() % alphabet.size()];
        (void)parse_hostfile(text, text);
        (void)host_words(text);
    }
}

TEST(HostWords, AddUpTheirSlots) {
    const auto hosts = host_words("a:2,b, c ,b,A:3,[fe80::1]:4,me@d,fe80::1");
    ASSERT_TRUE(hosts) << hosts.error().message();
    HostEntry d = host("d", 1);
    d.user = "me";
    const std::vector<HostEntry> expected{host("a", 5), host("b", 2), host("c", 1),
                                          host("fe80::1", 5), d};
    EXPECT_EQ(*hosts, expected);
}

TEST(HostWords, AreRefusedWithTheWordThatIsWrong) {
    const std::vector<std::pair<std::string_view, Errc>> rows{
        {"", Errc::bad_host_name},
        {"a,", Errc::bad_host_name},
        {",a", Errc::bad_host_name},
        {"a:x,b", Errc::bad_slots},
        {"a b", Errc::bad_host_name},
        {"b,a:0", Errc::bad_slots},
        {"::1:x", Errc::ipv6_without_brackets},
        {"a,+n1", Errc::relative_node},
        {"a:2147483647,a", Errc::too_many_slots}};
    for (const auto& [words, code] : rows) {
        const auto hosts = host_words(words);
        ASSERT_FALSE(hosts) << words;
        EXPECT_EQ(hosts.error().code, code) << words;
    }
    EXPECT_EQ(host_words("a:x,b").error().message(), "'a:x': not a number of slots (1 or more)");
}

TEST(HostName, IsANameOrAnAddress) {
    for (const char* good :
         {"a", "node-1.example.org", "under_score", "10.0.0.1", "::1", "fe80::1%eth0", "a.b."})
        EXPECT_TRUE(is_host_name(good)) << good;
    for (const char* bad :
         {"", "-a", "a b", "a/b", "a:1", "fe80::1%", "::1%a b", "\xc3\xa4", "1::2::3"})
        EXPECT_FALSE(is_host_name(bad)) << bad;
    EXPECT_FALSE(is_host_name(std::string_view{"::1\0x", 5}));
    EXPECT_FALSE(is_host_name(std::string(300, 'a')));
}

}  // namespace
}  // namespace vrun::discovery
