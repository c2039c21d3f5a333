// SPDX-License-Identifier: Apache-2.0
#include "discovery/system_files.hpp"

#include "discovery/dns_answer.hpp"

#include <gtest/gtest.h>

namespace vrun::discovery {
namespace {

TEST(HostsFile, FindsNamesAndAliasesInAnyCase) {
    const HostsFile file{
        "127.0.0.1 localhost\r\n"
        "::1 localhost ip6-localhost # comment hidden\n"
        "nonsense\nnot.an.address a\n"
        "10.0.0.1\tNode1.example.org  node1\n10.0.0.2 node1\n10.0.0.2 node1"};
    ASSERT_TRUE(file.find("localhost"));
    EXPECT_EQ(file.find("localhost")->size(), 2u);
    ASSERT_TRUE(file.find("NODE1"));
    EXPECT_EQ(file.find("NODE1")->size(), 2u);
    EXPECT_EQ(file.find("node1")->back().to_string(), "10.0.0.2");
    EXPECT_TRUE(file.find("node1.example.org"));
    EXPECT_FALSE(file.find("hidden"));
    EXPECT_FALSE(file.find("a"));
    EXPECT_FALSE(file.find(""));
}

TEST(SearchList, IsTheLastLineOfItsKind) {
    using List = std::vector<std::string>;
    EXPECT_EQ(search_list_of("nameserver 127.0.0.11\nsearch ns.svc.cluster.local "
                             "svc.cluster.local\noptions ndots:5\n"),
              (List{"ns.svc.cluster.local", "svc.cluster.local"}));
    EXPECT_EQ(search_list_of("search a b\ndomain c"), List{"c"});
    EXPECT_EQ(search_list_of("search .\nsearching x\n#search y\n"), List{});
    EXPECT_EQ(search_list_of(""), List{});
}

TEST(DnsAnswer, MayBeCutJustBelowItsLimitOnly) {
    EXPECT_FALSE(may_be_cut(512, 512));
    EXPECT_FALSE(may_be_cut(65'022, 512));
    EXPECT_TRUE(may_be_cut(65'023, 512));
    EXPECT_TRUE(may_be_cut(65'535, 512));
    EXPECT_TRUE(may_be_cut(30'000, 65'500));
    EXPECT_FALSE(may_be_cut(30'000, 65'536));  // so it was compressed on its way
}

}  // namespace
}  // namespace vrun::discovery
