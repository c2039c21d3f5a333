// SPDX-License-Identifier: Apache-2.0
#include "daemon/placement/lists.hpp"

#include <gtest/gtest.h>

namespace vrun::daemon {
namespace {

using Names = std::vector<std::vector<std::string>>;

std::string error_of(const Result<std::vector<ListedRank>>& result) {
    return result ? "" : result.error().message();
}

TEST(Rankfile, IsReadAsPeopleWriteIt) {
    const auto list = parse_rankfile(
        "# who runs where\nrank 1=node2 slot=0-1\nrank 0 = +n0 slot = 1:0,2\nrank 2=node2\n", "f");
    ASSERT_TRUE(list) << error_of(list);
    ASSERT_EQ(list->size(), 3u);
    EXPECT_EQ((*list)[0].host, "+n0");
    EXPECT_EQ((*list)[0].cpus, "1:0,2");
    EXPECT_EQ((*list)[1].host, "node2");
    EXPECT_EQ((*list)[1].cpus, "0-1");
    EXPECT_EQ((*list)[2].cpus, "");
}

TEST(Rankfile, NamesTheLineThatIsWrong) {
    EXPECT_EQ(error_of(parse_rankfile("rank 0=a\nrank x=b\n", "f")),
              "rankfile f, line 2: 'rank x=b': not of the form 'rank 0=node1 slot=0-1'");
    EXPECT_EQ(error_of(parse_rankfile("rank 0=a\nrank 0=b\n", "f")),
              "rankfile f, line 2: this rank has a line already");
    EXPECT_EQ(error_of(parse_rankfile("rank 1=a\n", "f")),
              "rankfile f, rank 0: no line says where it runs");
    EXPECT_NE(error_of(parse_rankfile("", "f")), "");
    EXPECT_NE(error_of(parse_rankfile("rank 4294967295=a\n", "f")), "");
    EXPECT_NE(error_of(parse_rankfile("rank 0=a slot\n", "f")), "");
}

TEST(Sequence, IsALineForEachRank) {
    const auto list = parse_sequence("a slots=4\nb 0-1\n\na:2 # again\n", "f");
    ASSERT_TRUE(list);
    ASSERT_EQ(list->size(), 3u);
    EXPECT_EQ((*list)[0].host, "a");
    EXPECT_EQ((*list)[0].cpus, "");
    EXPECT_EQ((*list)[1].cpus, "0-1");
    EXPECT_EQ((*list)[2].host, "a");
    const auto words = sequence_of_words("a:2,b");
    ASSERT_EQ(words.size(), 3u);
    EXPECT_EQ(words[1].host, "a");
    EXPECT_EQ(words[2].host, "b");
    const auto ipv6 = sequence_of_words("fd77::2,fd77::3");
    ASSERT_EQ(ipv6.size(), 2u);
    EXPECT_EQ(ipv6[0].host, "fd77::2");
    EXPECT_EQ(ipv6[1].host, "fd77::3");
}

std::vector<Candidate> nodes() {
    return {{"one", 2, 0, nullptr}, {"two", 1, 0, nullptr}};
}

TEST(PlaceListed, PutsRanksWhereTheListSays) {
    const std::vector<ListedRank> list{{"b", "0"}, {"+n0", "1"}, {"one", ""}};
    const std::vector<Ask> programs{{2, {}}, {0, {}}};
    const Names names{{"a"}, {"b"}};
    const auto result = place_listed(nodes(), names, list, programs, {});
    const Placed& placed = std::get<Placed>(result);
    EXPECT_EQ(placed.nodes, (std::vector<std::size_t>{1, 0}));
    EXPECT_EQ(placed.runs, (std::vector<wire::RankRun>{{0, 0, 1, 0}, {1, 1, 1, 0}, {1, 2, 1, 1}}));
    EXPECT_EQ(placed.rank_cpus, (std::vector<std::string>{"0", "1", ""}));
}

TEST(PlaceListed, RefusesHostsAndSlotsThatAreNotThere) {
    const Names names{{"a"}, {"b"}};
    const std::vector<Ask> all{{0, {}}}, four{{4, {}}};
    const std::vector<ListedRank> stranger{{"c", ""}}, twice{{"two", ""}, {"two", ""}};
    auto refused = place_listed(nodes(), names, stranger, all, {});
    EXPECT_EQ(std::get<wire::JobRefused>(refused).sentence,
              "rank 0: host c is not one of this job's");
    refused = place_listed(nodes(), names, twice, all, {});
    EXPECT_EQ(std::get<wire::JobRefused>(refused).exit_code, wire::exit_code::too_few_slots);
    refused = place_listed(nodes(), names, twice, four, {});
    EXPECT_EQ(std::get<wire::JobRefused>(refused).sentence.find("the list of ranks has 2"), 0u);
    wire::Placement over;
    over.oversubscribe = wire::Choice::yes;
    const auto placed = place_listed(nodes(), names, twice, all, over);
    EXPECT_TRUE(std::get<Placed>(placed).oversubscribed);
}

}  // namespace
}  // namespace vrun::daemon
