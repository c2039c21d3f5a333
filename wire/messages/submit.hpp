// SPDX-License-Identifier: Apache-2.0
// wire/messages/submit: what vrun asks of its daemon.
// vrun reads files as its user and sends their text; the daemon interprets it.
// Identity is not in here: the daemon asks the kernel who called.
#pragma once

#include "wire/archive.hpp"
#include "wire/message_type.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace vrun::wire {

struct App {  // one program of a job; MPMD jobs have several
    std::vector<std::string> argv;
    std::uint32_t count = 0;  // ranks; 0: one per slot
    std::string workdir;
    std::vector<std::string> environment;  // "NAME=value", added to the job's

    template <class Archive>
    void serialize(Archive& archive) {
        archive(argv, count, workdir, environment);
    }
};

struct HostFileText {
    std::string path;  // for messages
    std::string text;

    template <class Archive>
    void serialize(Archive& archive) {
        archive(path, text);
    }
};

enum class MapBy : std::uint8_t { slot, node };
constexpr bool valid(MapBy map_by) {
    return map_by <= MapBy::node;
}

struct Placement {
    MapBy map_by = MapBy::slot;
    std::uint32_t per_node = 0;  // -N: exactly so many on each node; 0: not asked
    bool oversubscribe = false;

    template <class Archive>
    void serialize(Archive& archive) {
        archive(map_by, per_node, oversubscribe);
    }
};

struct ResourceLimit {          // a soft limit of the caller; hard limits are never raised
    std::int32_t resource = 0;  // RLIMIT_*
    std::uint64_t soft = 0;

    bool operator==(const ResourceLimit&) const = default;

    template <class Archive>
    void serialize(Archive& archive) {
        archive(resource, soft);
    }
};

struct SubmitJob {
    static constexpr auto type = MessageType::submit_job;
    std::vector<App> apps;
    std::vector<std::string> host_words;   // each --host value: "a:2,b"
    std::vector<HostFileText> host_files;  // each --hostfile
    Placement placement;
    std::vector<std::string> environment;  // of every rank
    std::uint32_t umask = 022;
    std::vector<ResourceLimit> limits;

    template <class Archive>
    void serialize(Archive& archive) {
        archive(apps, host_words, host_files, placement, environment, umask, limits);
    }
};

}  // namespace vrun::wire
