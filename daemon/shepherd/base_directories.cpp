// SPDX-License-Identifier: Apache-2.0
#include "daemon/shepherd/base_directories.hpp"

#include "daemon/shepherd/shared_memory.hpp"
#include "wire/base/escape.hpp"
#include "wire/base/fd.hpp"
#include "wire/base/handle.hpp"
#include "wire/base/result.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace vrun::shepherd {
namespace {

using Directory = Handle<DIR, ::closedir>;

constexpr const char* name_pattern = "/vrun-s.XXXXXX";

// Empty, with errno, when it cannot be made.
std::string make_below(const std::string& parent) {
    std::string path = parent + name_pattern;
    return ::mkdtemp(path.data()) ? path : std::string{};
}

// Also without permissions of its own: it is ours, so we may give them.
UniqueFd open_directory(int parent, const char* name) {
    ::fchmodat(parent, name, S_IRWXU, AT_SYMLINK_NOFOLLOW);
    return UniqueFd{::openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)};
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

void remove_or_complain(const std::string& directory) noexcept {
    if (directory.empty() || remove_tree(directory)) return;
    std::fprintf(stderr,
                 "vrun-shepherd: cannot remove all of %s: look who owns or mounted what is there\n",
                 escaped(directory).c_str());
}

}  // namespace

BaseDirectories make_base_directories() {
    BaseDirectories made{make_below("/tmp"), {}};
    const char* const other = std::getenv("TMPDIR");
    if (made.tmp.empty() && other && *other) made.tmp = make_below(other);
    if (made.tmp.empty()) {
        const std::string tried = other && *other ? "/tmp or TMPDIR=" + escaped(other) : "/tmp";
        throw std::system_error{errno, std::system_category(), "make a directory in " + tried};
    }
    made.shm = make_below("/dev/shm");
    return made;
}

bool remove_tree(const std::string& directory) noexcept {
    try {
        UniqueFd base = open_directory(AT_FDCWD, directory.c_str());
        if (base.is_open()) TreeRemover{std::move(base)}.run();
    } catch (const std::exception&) {  // what is left is reported below
    }
    return ::rmdir(directory.c_str()) == 0 || errno == ENOENT;
}

void remove_base_directories(const BaseDirectories& directories) noexcept {
    remove_or_complain(directories.tmp);
    remove_or_complain(directories.shm);
    remove_orphaned_shared_memory();
}

}  // namespace vrun::shepherd
