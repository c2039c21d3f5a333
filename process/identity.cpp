// SPDX-License-Identifier: Apache-2.0
#include "process/identity.hpp"

#include <sys/syscall.h>
#include <unistd.h>
#include <cerrno>

namespace vrun::process {
namespace {

bool has_become(const wire::Identity& wanted) noexcept {
    uid_t real = 0, effective = 0, saved = 0;
    if (::getresuid(&real, &effective, &saved) < 0) return false;
    if (real != wanted.uid || effective != wanted.uid || saved != wanted.uid) return false;
    if (::getresgid(&real, &effective, &saved) < 0) return false;
    return real == wanted.gid && effective == wanted.gid && saved == wanted.gid &&
           ::getgroups(0, nullptr) == static_cast<int>(wanted.groups.size());
}

}  // namespace

// The uid last: the right to change the rest goes with it. Not glibc's setresuid(): it makes every
// thread follow, and a child that borrows our memory finds our threads in glibc's list.
bool become(const wire::Identity& identity) noexcept {
    const auto& [uid, gid, groups] = identity;
    if (::syscall(SYS_setgroups, groups.size(), groups.data()) < 0) return false;
    if (::syscall(SYS_setresgid, gid, gid, gid) < 0) return false;
    if (::syscall(SYS_setresuid, uid, uid, uid) < 0) return false;
    if (has_become(identity)) return true;
    errno = EPERM;
    return false;
}

}  // namespace vrun::process
