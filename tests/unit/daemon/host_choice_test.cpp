// SPDX-License-Identifier: Apache-2.0
#include "daemon/host_choice.hpp"

#include <gtest/gtest.h>

namespace vrun::daemon {
namespace {

using discovery::HostEntry;

std::vector<HostEntry> chosen(const std::string& words, const std::string& file) {
    wire::SubmitJob request;
    if (!words.empty()) request.host_words.push_back(words);
    request.host_files.push_back({"hosts", file});
    auto found = chosen_hosts(request);
    auto* hosts = std::get_if<std::vector<HostEntry>>(&found);
    EXPECT_TRUE(hosts);
    return hosts ? std::move(*hosts) : std::vector<HostEntry>{};
}

TEST(ChosenHosts, AreTwoDaemonsWhereOneNameHasTwoPorts) {
    const std::string file = "w1 port=7117 slots=2\nw1 port=7118 slots=3\nw2\n";
    const auto hosts = chosen("", file);
    ASSERT_EQ(hosts.size(), 3u);
    EXPECT_EQ(hosts[0], (HostEntry{"w1", "", 2, 0, 7117, 1}));
    EXPECT_EQ(hosts[1], (HostEntry{"w1", "", 3, 0, 7118, 2}));
}

TEST(ChosenHosts, TakeThePortOfAWordFromTheFile) {
    const auto hosts = chosen("w2:4,w1", "w1 port=7117\nw2 port=7118 max_slots=9\n");
    ASSERT_EQ(hosts.size(), 2u);
    EXPECT_EQ(hosts[0], (HostEntry{"w2", "", 4, 9, 7118, 0}));
    EXPECT_EQ(hosts[1], (HostEntry{"w1", "", 1, 0, 7117, 0}));
}

}  // namespace
}  // namespace vrun::daemon
