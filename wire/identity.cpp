// SPDX-License-Identifier: Apache-2.0
#include "wire/identity.hpp"

#include "wire/base/result.hpp"

#include <sys/socket.h>
#include <unistd.h>
#include <algorithm>

namespace vrun::wire {
namespace {

constexpr std::size_t groups_max = 65'536;  // NGROUPS_MAX

std::vector<std::uint32_t> groups_of_peer(int unix_socket) {
    std::vector<std::uint32_t> groups(32);
    static_assert(sizeof(gid_t) == sizeof(std::uint32_t));
    for (;;) {
        auto size = static_cast<socklen_t>(groups.size() * sizeof(gid_t));
        const int got = ::getsockopt(unix_socket, SOL_SOCKET, SO_PEERGROUPS, groups.data(), &size);
        if (got < 0 && errno != ERANGE) check(got, "getsockopt");
        groups.resize(std::min(size / sizeof(gid_t), groups_max));  // if too small: what it needs
        if (got == 0) return groups;
    }
}

}  // namespace

Identity peer_of(int unix_socket) {
    ucred peer{};
    socklen_t size = sizeof peer;
    check(::getsockopt(unix_socket, SOL_SOCKET, SO_PEERCRED, &peer, &size), "getsockopt");
    return {peer.uid, peer.gid, groups_of_peer(unix_socket)};
}

Identity own_identity() {
    const int count = check(::getgroups(0, nullptr), "getgroups");
    std::vector<std::uint32_t> groups(static_cast<std::size_t>(count));
    check(::getgroups(count, groups.data()), "getgroups");
    return {::geteuid(), ::getegid(), std::move(groups)};
}

}  // namespace vrun::wire
