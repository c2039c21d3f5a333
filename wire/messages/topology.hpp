// SPDX-License-Identifier: Apache-2.0
// wire/messages/topology: what a machine is made of, for a controller that counts objects.
// Asked for only when a policy needs it (ppr, SPAN) or vrun shall show it. Machines are often
// alike: the text comes once for each kind of them.
#pragma once

#include "wire/archive.hpp"
#include "wire/message_type.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace vrun::wire {

struct GetTopology {
    static constexpr auto type = MessageType::get_topology;
    std::vector<std::uint64_t> known;  // hashes whose text is not needed; as many as fit

    template <class Archive>
    void serialize(Archive& archive) {
        archive(known);
    }
};

struct Topology {
    static constexpr auto type = MessageType::topology;
    std::uint64_t hash = 0;  // of the text: FNV-1a
    std::string xml;         // hwloc's; empty when the asker knows the hash
    std::string cpus;        // those that ranks may use: "0-3"

    template <class Archive>
    void serialize(Archive& archive) {
        archive(hash, xml, cpus);
    }
};

}  // namespace vrun::wire
