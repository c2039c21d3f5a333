// SPDX-License-Identifier: Apache-2.0
// wire/messages/job_shape: the nodes of a job and which ranks each has.
// Parts of larger messages; wire/job_map reads them.
// A run stands for many ranks, so a job's shape is small however many ranks it has.
#pragma once

#include "wire/archive.hpp"
#include "wire/message_type.hpp"

#include <cstdint>
#include <string>

namespace vrun::wire {

struct RankRun {  // `count` consecutive ranks, from `first_rank`, on one node
    NodeIndex node = 0;
    Rank first_rank = 0;
    std::uint32_t count = 0;
    std::uint32_t app = 0;

    bool operator==(const RankRun&) const = default;

    template <class Archive>
    void serialize(Archive& archive) {
        archive(node, first_rank, count, app);
    }
};

struct JobNode {
    Incarnation incarnation = 0;
    std::string name;     // unique within the job
    std::string address;  // as the controller reaches it
    std::uint16_t port = 0;
    std::uint32_t slots = 0;

    template <class Archive>
    void serialize(Archive& archive) {
        archive(incarnation, name, address, port, slots);
    }
};

}  // namespace vrun::wire
