// SPDX-License-Identifier: Apache-2.0
// wire/messages/session: what two programs tell each other about themselves.
// Hello is first on every link, Goodbye last; Beat and Lease keep what is under way alive.
// Plain values; each names its MessageType, and its fields in the order they travel.
#pragma once

#include "wire/archive.hpp"
#include "wire/message_type.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace vrun::wire {

inline constexpr std::uint16_t protocol_version = 1;

enum class Role : std::uint8_t { launcher, control, daemon, shepherd };
constexpr bool valid(Role role) {
    return role <= Role::shepherd;
}

struct Hello {
    static constexpr auto type = MessageType::hello;
    std::uint16_t protocol_min = protocol_version;
    std::uint16_t protocol_max = protocol_version;
    std::string software;  // "vrun 0.1.0"
    Role role = Role::launcher;
    Incarnation incarnation = 0;  // daemons only
    std::string node_name;        // daemons only

    template <class Archive>
    void serialize(Archive& archive) {
        archive(protocol_min, protocol_max, software, role, incarnation, node_name);
    }
};

struct Goodbye {
    static constexpr auto type = MessageType::goodbye;
    std::int32_t exit_code = 0;  // what a vrun that reads this should return
    std::string reason;          // a sentence for the user; empty when all is well

    template <class Archive>
    void serialize(Archive& archive) {
        archive(exit_code, reason);
    }
};

struct NodeInfo {
    static constexpr auto type = MessageType::node_info;
    std::uint32_t slots = 0;
    std::string slots_source;  // "cpuset", "cpu quota", "--slots"
    std::uint32_t cores = 0;
    std::uint16_t port =
        0;  // where it listens, so that an accepted connection serves as a dialed one
    std::vector<JobId> jobs;  // that run here
    std::string machine;      // the same for containers on one machine: its boot id
    std::string cpus;         // of the machine's, those that ranks may use here

    template <class Archive>
    void serialize(Archive& archive) {
        archive(slots, slots_source, cores, port, jobs, machine, cpus);
    }
};

struct Beat {
    static constexpr auto type = MessageType::beat;
    std::uint64_t number = 0;  // 0: the answer of one who has no job with the other
    std::uint32_t gap_ms = 0;  // how long the sender's own loop stood still since its last beat

    template <class Archive>
    void serialize(Archive& archive) {
        archive(number, gap_ms);
    }
};

struct LeaseGrant {
    JobId job = 0;
    std::uint32_t lease_ms = 0;

    template <class Archive>
    void serialize(Archive& archive) {
        archive(job, lease_ms);
    }
};

struct Lease {
    static constexpr auto type = MessageType::lease;
    std::vector<LeaseGrant> grants;

    template <class Archive>
    void serialize(Archive& archive) {
        archive(grants);
    }
};

}  // namespace vrun::wire
