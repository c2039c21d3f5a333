// SPDX-License-Identifier: Apache-2.0
// wire/identity: who is at the other end of a unix socket.
// The kernel answers, the peer cannot lie; the groups are those it had when it connected.
// Becoming that user is the business of process/.
#pragma once

#include <cstdint>
#include <vector>

namespace vrun::wire {

struct Identity {
    std::uint32_t uid = 0;
    std::uint32_t gid = 0;
    std::vector<std::uint32_t> groups;  // the supplementary ones

    bool operator==(const Identity&) const = default;

    template <class Archive>
    void serialize(Archive& archive) {
        archive(uid, gid, groups);
    }
};

// Of the process that connected, or for our own connection, that listened. Throws
// std::system_error.
Identity peer_of(int unix_socket);
Identity own_identity();

}  // namespace vrun::wire
