// SPDX-License-Identifier: Apache-2.0
#include "daemon/shepherd/base_directories.hpp"

#include "daemon/shepherd/shared_memory.hpp"
#include "wire/base/escape.hpp"
#include "wire/base/handle.hpp"
#include "wire/base/result.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string_view>

namespace vrun::shepherd {
namespace {

using Directory = Handle<DIR, ::closedir>;

constexpr std::string_view name_pattern = "vrun-s.XXXXXX";
constexpr std::size_t name_varies_from = name_pattern.find('X');

// Also without permissions of its own: it is ours, so we may give them.
UniqueFd open_directory(int parent, const char* name) {
    ::fchmodat(parent, name, S_IRWXU, AT_SYMLINK_NOFOLLOW);
    return UniqueFd{::openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)};
}

bool lock(const UniqueFd& directory) noexcept {
    return ::flock(directory.get(), LOCK_EX | LOCK_NB) == 0;
}

// Somebody who looks for stale ones may find it before it is locked; then it goes, and we make
// another.
bool is_taken(const UniqueFd& directory) {
    struct stat status {};
    const bool is_locked_by_other = !lock(directory) && errno == EWOULDBLOCK;
    return is_locked_by_other || (::fstat(directory.get(), &status) == 0 && status.st_nlink == 0);
}

struct Made {
    std::string path;  // empty, with errno, when it cannot be made
    UniqueFd lock;
};

Made make_below(const std::string& parent) {
    for (;;) {
        std::string path = parent + "/" + std::string{name_pattern};
        if (!::mkdtemp(path.data())) return {};
        UniqueFd directory = open_directory(AT_FDCWD, path.c_str());
        if (directory.is_open() && !is_taken(directory)) return {path, std::move(directory)};
        const int error = errno;
        if (directory.is_open() || error == ENOENT) continue;
        ::rmdir(path.c_str());
        errno = error;
        return {};
    }
}

dev_t device_of(const UniqueFd& directory) {
    struct stat status {};
    check(::fstat(directory.get(), &status), "fstat");
    return status.st_dev;
}

// Visits every entry but "." and "..", also those that appear meanwhile, as readdir() likes.
template <class Visit>
void for_each_entry(const UniqueFd& directory, Visit visit) {
    UniqueFd own{
        check(::openat(directory.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), "openat")};
    const Directory entries{::fdopendir(own.get())};
    if (!entries) throw std::system_error{errno, std::system_category(), "fdopendir"};
    own.release();
    while (const dirent* entry = ::readdir(entries.get()))
        if (std::strcmp(entry->d_name, ".") != 0 && std::strcmp(entry->d_name, "..") != 0)
            visit(entry->d_name);
}

// Empties a tree of any depth with two descriptors and no recursion: a directory inside a directory
// is first moved up to the base. What is mounted there can be neither moved nor entered, and stays.
class TreeRemover {
public:
    explicit TreeRemover(UniqueFd base) : base_{std::move(base)}, device_{device_of(base_)} {}

    void run() {
        do {
            progress_ = false;
            for_each_entry(base_, [this](const char* name) { remove_from_base(name); });
        } while (progress_);
    }

private:
    void remove_from_base(const char* name) {
        if (::unlinkat(base_.get(), name, 0) == 0) {
            progress_ = true;
            return;
        }
        const UniqueFd directory = open_directory(base_.get(), name);
        if (!directory.is_open() || device_of(directory) != device_) return;
        for_each_entry(directory, [&](const char* inner) { remove_or_move(directory, inner); });
        if (::unlinkat(base_.get(), name, AT_REMOVEDIR) == 0) progress_ = true;
    }

    void remove_or_move(const UniqueFd& directory, const char* name) {
        if (::unlinkat(directory.get(), name, 0) == 0) return;
        ::fchmodat(directory.get(), name, S_IRWXU, AT_SYMLINK_NOFOLLOW);  // moving changes its ".."
        const std::string moved = ".removing-" + std::to_string(next_name_++);
        if (::renameat(directory.get(), name, base_.get(), moved.c_str()) == 0) progress_ = true;
    }

    UniqueFd base_;
    dev_t device_;
    std::uint64_t next_name_ = 0;
    bool progress_ = false;
};

void empty(UniqueFd base) {
    if (base.is_open()) TreeRemover{std::move(base)}.run();
}

bool is_base_name(std::string_view name) {
    return name.size() == name_pattern.size() &&
           name.starts_with(name_pattern.substr(0, name_varies_from));
}

// Not open, unless it is a directory of ours that nobody holds; then locked. Asked for its owner
// before its permissions change: root must not touch what a user made under this name.
UniqueFd open_stale(const UniqueFd& parent, const char* name) {
    struct stat status {};
    const bool is_ours = is_base_name(name) &&
                         ::fstatat(parent.get(), name, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
                         S_ISDIR(status.st_mode) && status.st_uid == ::geteuid();
    if (!is_ours) return {};
    UniqueFd directory = open_directory(parent.get(), name);
    if (!directory.is_open() || ::fstat(directory.get(), &status) < 0) return {};
    return status.st_uid == ::geteuid() && lock(directory) ? std::move(directory) : UniqueFd{};
}

void remove_or_complain(const std::string& directory) noexcept {
    if (directory.empty() || remove_tree(directory)) return;
    std::fprintf(stderr,
                 "vrun-shepherd: cannot remove all of %s: look who owns or mounted what is there\n",
                 escaped(directory).c_str());
}

}  // namespace

MadeDirectories make_base_directories() {
    Made tmp = make_below("/tmp");
    const char* const other = std::getenv("TMPDIR");
    if (tmp.path.empty() && other && *other) tmp = make_below(other);
    if (tmp.path.empty()) {
        const std::string tried = other && *other ? "/tmp or TMPDIR=" + escaped(other) : "/tmp";
        throw std::system_error{errno, std::system_category(), "make a directory in " + tried};
    }
    Made shm = make_below("/dev/shm");
    return {{std::move(tmp.path), std::move(shm.path)}, {std::move(tmp.lock), std::move(shm.lock)}};
}

bool remove_tree(const std::string& directory) noexcept {
    try {
        empty(open_directory(AT_FDCWD, directory.c_str()));
    } catch (const std::exception&) {  // what is left is reported below
    }
    return ::rmdir(directory.c_str()) == 0 || errno == ENOENT;
}

std::vector<StaleDirectory> stale_base_directories() {
    std::vector<StaleDirectory> found;
    const std::array<const char*, 3> parents{"/tmp", "/dev/shm", std::getenv("TMPDIR")};
    for (const char* parent : parents) {
        if (!parent) continue;
        const UniqueFd place{::open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
        if (!place.is_open()) continue;
        for_each_entry(place, [&](const char* name) {
            UniqueFd directory = open_stale(place, name);
            if (!directory.is_open()) return;
            UniqueFd again{check(::fcntl(place.get(), F_DUPFD_CLOEXEC, 3), "fcntl")};
            found.push_back({std::move(again), name, std::move(directory)});
        });
    }
    return found;
}

void remove_stale(std::vector<StaleDirectory> directories) noexcept {
    for (StaleDirectory& stale : directories) {
        try {
            empty(UniqueFd{check(::fcntl(stale.lock.get(), F_DUPFD_CLOEXEC, 3), "fcntl")});
        } catch (const std::exception&) {  // the next one tries again
        }
        ::unlinkat(stale.parent.get(), stale.name.c_str(), AT_REMOVEDIR);
    }
}

void remove_base_directories(const BaseDirectories& directories) noexcept {
    remove_or_complain(directories.tmp);
    remove_or_complain(directories.shm);
    remove_orphaned_shared_memory();
}

}  // namespace vrun::shepherd
