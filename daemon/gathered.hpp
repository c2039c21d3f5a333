// SPDX-License-Identifier: Apache-2.0
// daemon/gathered: the nodes that were found, and the hosts that were not reached.
#pragma once

#include "wire/base/result.hpp"
#include "wire/message_type.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace vrun::daemon {

struct Node {
    wire::Incarnation incarnation = 0;
    std::string name;
    std::string address;
    std::uint16_t port = 0;
    std::uint32_t slots = 0;
    std::string slots_source;
    bool is_listed = false;                      // by name, in an order that somebody chose
    std::vector<std::string> listed_names = {};  // what somebody called it
    std::uint32_t max_slots = 0;                 // a hostfile's; 0: not given
    std::string machine = {};                    // what NodeInfo says of it
    std::string cpus = {};
    bool is_suspect = false;  // silent for longer than suspect_after

    friend bool operator==(const Node&, const Node&) = default;
};

struct Unreached {
    std::string name;  // as listed, or empty
    std::string address;
    std::uint16_t port = 0;
    Error error;

    friend bool operator==(const Unreached& a, const Unreached& b) {
        return a.name == b.name && a.address == b.address && a.port == b.port &&
               a.error.code == b.error.code && a.error.doing == b.error.doing;
    }
};

struct Gathered {
    std::vector<Node> nodes;  // in the order for placement
    std::vector<Unreached> unreached;
    std::vector<std::string> problems;  // of sources: a sentence each
    std::size_t pending = 0;            // listed hosts that have neither answered nor failed yet

    friend bool operator==(const Gathered&, const Gathered&) = default;
};

}  // namespace vrun::daemon
