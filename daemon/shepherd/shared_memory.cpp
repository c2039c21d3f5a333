// SPDX-License-Identifier: Apache-2.0
#include "daemon/shepherd/shared_memory.hpp"

#include "wire/base/fd.hpp"
#include "wire/base/handle.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <algorithm>
#include <array>
#include <csignal>
#include <string_view>

namespace vrun::shepherd {
namespace {

using Directory = Handle<DIR, ::closedir>;

// Until all ranks of a node have opened it, and as long as a transport may be asked for it.
constexpr std::array<std::string_view, 2> prefixes{"mpich_shar_tmp", "ucx_shm_posix_"};

// A write lease is granted to the only one who has the file open. Whoever opens it now waits until
// it is gone; the kernel tells us by a signal, and nobody minds SIGURG.
bool is_open_elsewhere(const UniqueFd& file) {
    return ::fcntl(file.get(), F_SETSIG, SIGURG) < 0 ||
           ::fcntl(file.get(), F_SETLEASE, F_WRLCK) < 0;
}

void remove_orphan(int directory, const char* name) {
    const UniqueFd file{::openat(directory, name, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)};
    struct stat status {};
    if (!file.is_open() || ::fstat(file.get(), &status) < 0) return;
    if (!S_ISREG(status.st_mode) || status.st_uid != ::geteuid()) return;
    if (!is_open_elsewhere(file)) ::unlinkat(directory, name, 0);
}

}  // namespace

void remove_orphaned_shared_memory(const std::string& directory) noexcept {
    const Directory entries{::opendir(directory.c_str())};
    if (!entries) return;
    while (const dirent* entry = ::readdir(entries.get())) {
        const std::string_view name = entry->d_name;
        if (std::ranges::any_of(prefixes, [&](auto prefix) { return name.starts_with(prefix); }))
            remove_orphan(::dirfd(entries.get()), entry->d_name);
    }
}

}  // namespace vrun::shepherd
