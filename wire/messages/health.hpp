// SPDX-License-Identifier: Apache-2.0
// wire/messages/health: what `vrunctl doctor` asks, and what each node says of itself.
// Facts only; process/traps and launcher/diagnosis decide what they mean. Names and reasons are
// other people's words: whoever prints them escapes them.
#pragma once

#include "wire/identity.hpp"
#include "wire/message_type.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace vrun::wire {

// A host as a job's user finds it: measured by a shepherd when it starts.
struct UserFacts {
    std::int32_t own_copy_error = 0;  // errno of process_vm_readv() on itself: a filter refuses it
    std::int32_t other_copy_error = 0;  // on another process of the user
    std::int32_t ptrace_scope = -1;     // of Yama; -1: there is none
    bool has_shm = false;               // a directory could be made in /dev/shm
    std::uint64_t shm_size = 0;         // of /dev/shm, in bytes
    std::uint64_t shm_free = 0;
    std::uint64_t tmp_free = 0;  // where the jobs' own directories are
    std::uint64_t open_files = 0;
    std::uint32_t directory_length = 0;  // of the path of a job's own directory

    template <class Archive>
    void serialize(Archive& archive) {
        archive(own_copy_error, other_copy_error, ptrace_scope, has_shm, shm_size, shm_free,
                tmp_free, open_files, directory_length);
    }
};

struct HostFacts {  // a node, as its vrund finds it
    std::string software;
    std::uint32_t slots = 0;
    std::string slots_source;
    std::uint32_t cores = 0;
    std::uint32_t quota_percent = 0;  // of one core's time; 0: no limit
    std::uint64_t open_files = 0;
    std::uint32_t tmpdir_length = 0;  // of TMPDIR; 0: not set
    std::string host_name;
    std::string name_problem;  // why its own name does not lead to it; empty: it does
    std::uint32_t lookup_ms = 0;
    std::vector<std::string> lookup_problems;  // of its discovery sources
    std::vector<std::string> mpi_libraries;    // "/usr/lib/…/libmpi.so.40"
    std::string shepherd_problem;              // why no shepherd starts for the one who asks
    std::string pmix_version;                  // of its PMIx server; empty: built without
    UserFacts user;                            // if a shepherd starts

    template <class Archive>
    void serialize(Archive& archive) {
        archive(software, slots, slots_source, cores, quota_percent, open_files, tmpdir_length,
                host_name, name_problem, lookup_ms, lookup_problems, mpi_libraries,
                shepherd_problem, pmix_version, user);
    }
};

struct GetHealth {  // from the controller to each node
    static constexpr auto type = MessageType::get_health;
    std::uint64_t number = 0;
    bool is_echo = false;  // only the filling comes back: it takes more than one packet
    Identity identity;     // who asks
    std::string filling;

    template <class Archive>
    void serialize(Archive& archive) {
        archive(number, is_echo, identity, filling);
    }
};

struct Health {
    static constexpr auto type = MessageType::health;
    std::uint64_t number = 0;
    std::int64_t heard_us = 0;  // by its wall clock
    std::int64_t said_us = 0;
    HostFacts facts;
    std::string filling;

    template <class Archive>
    void serialize(Archive& archive) {
        archive(number, heard_us, said_us, facts, filling);
    }
};

struct ExamineHosts {  // from vrunctl
    static constexpr auto type = MessageType::examine_hosts;

    template <class Archive>
    void serialize(Archive&) {}
};

enum class HostAnswer : std::uint8_t { healthy, unreached, silent, only_small };
constexpr bool valid(HostAnswer answer) {
    return answer <= HostAnswer::only_small;
}

struct ExaminedHost {
    std::string name;
    std::string address;  // empty: the controller itself
    std::uint16_t port = 0;
    HostAnswer answer = HostAnswer::healthy;  // only_small: no packet of full size arrives
    std::string problem;                      // of an unreached one
    std::int64_t clock_ahead_us = 0;          // of the controller's
    std::uint32_t round_trip_us = 0;
    HostFacts facts;

    template <class Archive>
    void serialize(Archive& archive) {
        archive(name, address, port, answer, problem, clock_ahead_us, round_trip_us, facts);
    }
};

struct Examination {
    static constexpr auto type = MessageType::examination;
    std::vector<ExaminedHost> hosts;
    std::vector<std::string> problems;  // of the controller's discovery sources

    template <class Archive>
    void serialize(Archive& archive) {
        archive(hosts, problems);
    }
};

}  // namespace vrun::wire
