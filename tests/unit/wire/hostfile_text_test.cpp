// SPDX-License-Identifier: Apache-2.0
#include "wire/hostfile_text.hpp"

#include <gtest/gtest.h>

namespace vrun::wire {
namespace {

HostList mixed() {
    HostList list;
    list.hosts = {{"w1", "10.1.0.1", 7117, 4, "", HostState::up, ""},
                  {"w2", "fd77::2", 7117, 2, "", HostState::up, ""},
                  {"us", "", 7117, 8, "", HostState::up, ""},
                  {"w3", "fd77::3", 7117, 2, "", HostState::suspect, ""}};
    return list;
}

TEST(HostfileText, HasAddressesWhereTheLauncherCanReadThem) {
    EXPECT_EQ(hostfile_text(mixed(), HostfileFormat::openmpi),
              "10.1.0.1 slots=4\nfd77::2 slots=2\nus slots=8\n");
    EXPECT_EQ(hostfile_text(mixed(), HostfileFormat::mpich), "10.1.0.1:4\nw2:2\nus:8\n");
    EXPECT_EQ(hostfile_text(mixed(), HostfileFormat::plain), "10.1.0.1\nfd77::2\nus\n");
}

}  // namespace
}  // namespace vrun::wire
