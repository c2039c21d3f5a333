// SPDX-License-Identifier: Apache-2.0
#include "daemon/network.hpp"

#include <gtest/gtest.h>
#include <algorithm>

namespace vrun::daemon {
namespace {

// A container on a Swarm overlay network, with the gateway bridge that leads nowhere.
const std::vector<Interface> container{
    {"lo", "127.0.0.1", 8},     {"lo", "::1", 128},        {"eth0", "10.1.3.7", 16},
    {"eth1", "172.18.0.5", 16}, {"eth0", "fe80::1", 64},   {"eth1", "fe80::1", 64},
    {"eth2", "fd00:1::5", 64},  {"wg0", "10.200.0.4", 32}, {"eth0", "10.1.3.8", 24},
};

TEST(Network, IsTheOneThatHasTheAddress) {
    struct Row {
        const char* local;
        const char* cidr;
        const char* interface;
        const char* address;
    };
    const Row rows[] = {
        {"10.1.3.7", "10.1.0.0/16", "eth0", "10.1.3.7"},
        {"10.1.3.8", "10.1.3.0/24", "eth0", "10.1.3.8"},
        {"172.18.0.5", "172.18.0.0/16", "eth1", "172.18.0.5"},
        {"::ffff:10.1.3.7", "10.1.0.0/16", "eth0", "10.1.3.7"},
        {"10.200.0.4", "10.200.0.4/32", "wg0", "10.200.0.4"},
        {"fd00:1::5", "fd00:1::/64", "eth2", "fd00:1::5"},
        {"127.0.0.1", "127.0.0.0/8", "lo", "127.0.0.1"},
        {"127.3.0.9", "127.0.0.0/8", "lo", "127.3.0.9"},
        {"::1", "::1/128", "lo", "::1"},
        {"fe80::1%eth1", "", "eth1", "fe80::1"},
        {"fe80::1%eth0", "", "eth0", "fe80::1"},
        {"fe80::9%eth7", "", "eth7", "fe80::9"},
        {"192.0.2.1", "", "", "192.0.2.1"},
        {"nonsense", "", "", ""},
        {"", "", "", ""},
    };
    for (const Row& row : rows) {
        const wire::Network network = network_of(row.local, container);
        EXPECT_EQ(network.cidr, row.cidr) << row.local;
        EXPECT_EQ(network.interface, row.interface) << row.local;
        EXPECT_EQ(network.address, row.address) << row.local;
    }
}

TEST(Network, OfThisMachineHasALoopback) {
    const auto interfaces = own_interfaces();
    const auto is_loopback = [](const Interface& interface) {
        return interface.address == "127.0.0.1" && interface.prefix_length == 8;
    };
    EXPECT_TRUE(std::ranges::any_of(interfaces, is_loopback));
}

}  // namespace
}  // namespace vrun::daemon
