// SPDX-License-Identifier: Apache-2.0
#include "daemon/host_waits.hpp"

#include <gtest/gtest.h>

namespace vrun::daemon {
namespace {

Gathered found_of(std::size_t nodes, std::size_t unreached) {
    Gathered found;
    for (std::size_t i = 0; i < nodes; ++i) {
        Node node;
        node.slots = 2;
        found.nodes.push_back(node);
    }
    for (std::size_t i = 0; i < unreached; ++i)
        found.unreached.push_back({i == 0 ? "a" : "", "10.0.0." + std::to_string(i), 7117, {}});
    return found;
}

TEST(WaitingText, SaysWhatIsThereAndWhoIsNot) {
    EXPECT_EQ(waiting_text(found_of(2, 0), 20), "waiting for 20 slots: 4 on 2 nodes are there");
    EXPECT_EQ(waiting_text(found_of(1, 1), 0), "waiting for hosts: 1 node is there; not yet: a");
    EXPECT_EQ(waiting_text(found_of(0, 4), 1),
              "waiting for 1 slot: 0 on 0 nodes are there; not yet: a, 10.0.0.1, 10.0.0.2 and "
              "others");
    Gathered found = found_of(0, 0);
    found.problems = {"dns:x: no such name (NXDOMAIN)", "more"};
    EXPECT_EQ(waiting_text(found, 0),
              "waiting for hosts: 0 nodes are there; dns:x: no such name (NXDOMAIN)");
}

}  // namespace
}  // namespace vrun::daemon
