// SPDX-License-Identifier: Apache-2.0
// wire/messages/wireup: collectives and requests between the shepherds of a job.
// A fence is known by the hash of its exact member list and how often that list was used.
// Blobs are libpmix's, or those of pmi/store; here nobody looks inside.
#pragma once

#include "wire/archive.hpp"
#include "wire/message_type.hpp"

#include <compare>
#include <cstdint>
#include <vector>

namespace vrun::wire {

struct FenceKey {
    std::uint64_t members = 0;   // hash of the exact list
    std::uint32_t sequence = 0;  // the how-manieth fence of this list

    auto operator<=>(const FenceKey&) const = default;

    template <class Archive>
    void serialize(Archive& archive) {
        archive(members, sequence);
    }
};

struct FenceContribution {  // up: of a whole subtree
    static constexpr auto type = MessageType::fence_contribution;
    FenceKey key;
    std::vector<NodeIndex> nodes;  // that take part, ascending; empty: every node of the job
    std::int32_t status = 0;       // 0, or a PMIx status that fails the fence for all
    Bytes blob;                    // of all nodes below, one after the other, in any order

    template <class Archive>
    void serialize(Archive& archive) {
        archive(key, nodes, status, blob);
    }
};

struct FenceResult {  // down
    static constexpr auto type = MessageType::fence_result;
    FenceKey key;
    std::int32_t status = 0;
    Bytes blob;

    template <class Archive>
    void serialize(Archive& archive) {
        archive(key, status, blob);
    }
};

struct ModexRequest {
    static constexpr auto type = MessageType::modex_request;
    std::uint32_t id = 0;  // the asking shepherd's
    Rank rank = 0;

    template <class Archive>
    void serialize(Archive& archive) {
        archive(id, rank);
    }
};

struct ModexReply {
    static constexpr auto type = MessageType::modex_reply;
    std::uint32_t id = 0;
    std::int32_t status = 0;
    Bytes blob;

    template <class Archive>
    void serialize(Archive& archive) {
        archive(id, status, blob);
    }
};

}  // namespace vrun::wire
