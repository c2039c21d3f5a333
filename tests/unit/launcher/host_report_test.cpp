// SPDX-License-Identifier: Apache-2.0
#include "launcher/host_report.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace vrun::launcher {
namespace {

wire::HostList three_hosts() {
    wire::HostList list;
    list.hosts = {{"a", "10.1.0.1", 7117, 4, "cpuset", wire::HostState::up, ""},
                  {"worker-long-name", "10.1.0.2", 7117, 16, "--slots", wire::HostState::up, ""},
                  {"", "10.1.0.3", 7117, 0, "", wire::HostState::down, "connection refused\x1b["}};
    list.problems = {"dns:tasks.worker: no such name"};
    return list;
}

TEST(HostReport, ShowsPeopleEveryHost) {
    EXPECT_EQ(host_report(three_hosts(), HostFormat::table),
              "NAME              ADDRESS   SLOTS  FROM     STATE  PROBLEM\n"
              "a                 10.1.0.1  4      cpuset   up\n"
              "worker-long-name  10.1.0.2  16     --slots  up\n"
              "-                 10.1.0.3  -      -        down   connection refused\\x1b[\n");
}

TEST(HostReport, ListsHostsThatAreUpForOtherLaunchers) {
    EXPECT_EQ(host_report(three_hosts(), HostFormat::openmpi),
              "10.1.0.1 slots=4\n10.1.0.2 slots=16\n");
    EXPECT_EQ(host_report(three_hosts(), HostFormat::mpich), "10.1.0.1:4\n10.1.0.2:16\n");
    EXPECT_EQ(host_report(three_hosts(), HostFormat::plain), "10.1.0.1\n10.1.0.2\n");
}

TEST(HostReport, IsValidJsonWhateverAHostSays) {
    wire::HostList list = three_hosts();
    list.hosts[0].name = "\xff\"";
    const auto json = nlohmann::json::parse(host_report(list, HostFormat::json));
    ASSERT_EQ(json["hosts"].size(), 3u);
    EXPECT_EQ(json["hosts"][1]["slots"], 16);
    EXPECT_EQ(json["hosts"][2]["state"], "down");
    EXPECT_EQ(json["problems"][0], "dns:tasks.worker: no such name");
}

}  // namespace
}  // namespace vrun::launcher
