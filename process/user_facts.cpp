// SPDX-License-Identifier: Apache-2.0
#include "process/user_facts.hpp"

#include "wire/base/fd.hpp"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/statvfs.h>
#include <sys/uio.h>
#include <unistd.h>
#include <cerrno>
#include <cstdlib>

namespace vrun::process {
namespace {

int copy_error(pid_t from) noexcept {
    static const char there = 'x';
    char here = 0;
    const iovec local{&here, 1}, remote{const_cast<char*>(&there), 1};
    return ::process_vm_readv(from, &local, 1, &remote, 1, 0) == 1 ? 0 : errno;
}

int ptrace_scope() noexcept {
    const UniqueFd file{::open("/proc/sys/kernel/yama/ptrace_scope", O_RDONLY | O_CLOEXEC)};
    char text[16] = {};
    if (!file.is_open() || ::read(file.get(), text, sizeof text - 1) <= 0) return -1;
    return std::atoi(text);
}

std::uint64_t open_files() noexcept {
    rlimit limit{};
    return ::getrlimit(RLIMIT_NOFILE, &limit) == 0 ? limit.rlim_cur : 0;
}

}  // namespace

std::uint64_t free_bytes(const std::string& directory) noexcept {
    struct statvfs status {};
    if (::statvfs(directory.c_str(), &status) < 0) return 0;
    return std::uint64_t{status.f_bavail} * status.f_frsize;
}

wire::UserFacts user_facts(pid_t other, const Places& places) noexcept {
    wire::UserFacts facts;
    facts.own_copy_error = copy_error(::getpid());
    facts.other_copy_error = copy_error(other);
    facts.ptrace_scope = ptrace_scope();
    facts.has_shm = !places.shm.empty();
    struct statvfs shm {};
    if (facts.has_shm && ::statvfs(places.shm.c_str(), &shm) == 0) {
        facts.shm_size = std::uint64_t{shm.f_blocks} * shm.f_frsize;
        facts.shm_free = std::uint64_t{shm.f_bavail} * shm.f_frsize;
    }
    facts.tmp_free = free_bytes(places.tmp);
    facts.open_files = open_files();
    facts.directory_length = static_cast<std::uint32_t>(places.tmp.size());
    return facts;
}

}  // namespace vrun::process
