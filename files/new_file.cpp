// SPDX-License-Identifier: Apache-2.0
#include "files/new_file.hpp"

#include "wire/base/write_all.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <string_view>
#include <utility>

namespace vrun::files {
namespace {

constexpr int directory_flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC;
constexpr mode_t hidden_mode = 0600;

enum class Missing { make, stop };  // stop: at the last directory that is there

mode_t directory_mode(const Place& place) {
    return 0777 & ~place.umask;
}

Error last_error(std::string doing) {
    return {{errno, std::system_category()}, std::move(doing)};
}

struct Parent {
    UniqueFd directory;
    std::string name;  // in it
    bool is_whole;     // no directory is missing
};

// Whatever goes wrong is seen when the directory is opened.
void make_directories(const Place& place) {
    const std::string& path = place.directory;
    for (std::size_t end = 0; end != path.npos;) {
        end = path.find('/', end + 1);
        ::mkdir(path.substr(0, end).c_str(), directory_mode(place));
    }
}

Result<UniqueFd> open_part(const UniqueFd& parent, const std::string& name) {
    UniqueFd part{::openat(parent.get(), name.c_str(), directory_flags | O_NOFOLLOW)};
    if (!part.is_open()) return last_error("open the directory " + name);
    return part;
}

Result<Parent> open_parent(const Place& place, Missing missing) {
    Parent at{UniqueFd{::open(place.directory.c_str(), directory_flags)}, "", true};
    if (!at.directory.is_open()) return last_error("open the directory");
    std::string_view left = place.name;
    for (std::size_t end = left.find('/'); end != left.npos; end = left.find('/')) {
        const std::string name{left.substr(0, end)};
        if (missing == Missing::make)
            ::mkdirat(at.directory.get(), name.c_str(), directory_mode(place));
        Result<UniqueFd> part = open_part(at.directory, name);
        const bool is_missing = !part && part.error().code == std::errc::no_such_file_or_directory;
        if (is_missing && missing == Missing::stop) at.is_whole = false;
        if (!at.is_whole) break;
        if (!part) return part.error();
        at.directory = std::move(*part);
        left.remove_prefix(end + 1);
    }
    at.name = left;
    return at;
}

// Empty: no such files here.
Result<UniqueFd> open_nameless(const UniqueFd& directory) {
    UniqueFd file{::openat(directory.get(), ".", O_TMPFILE | O_WRONLY | O_CLOEXEC, hidden_mode)};
    const bool is_unknown = errno == EOPNOTSUPP || errno == EISDIR || errno == ENOENT;
    if (!file.is_open() && !is_unknown) return last_error("make a file");
    return file;
}

// A file system that cannot promise room is believed to have it.
std::optional<Error> take_room(const UniqueFd& file, std::uint64_t size) {
    if (size == 0 || ::fallocate(file.get(), 0, 0, static_cast<off_t>(size)) == 0)
        return std::nullopt;
    if (errno == EOPNOTSUPP || errno == ENOSYS || errno == EINTR) return std::nullopt;
    return last_error("take room for it");
}

bool is_gone(const Error& error) {
    return error.code == std::errc::no_such_file_or_directory;
}

std::string hidden_name(const std::string& name) {
    static std::uint64_t count = 0;
    return ".vrun-" + std::to_string(::getpid()) + "-" + std::to_string(++count) + "." +
           name.substr(0, 64);
}

}  // namespace

Result<Presence> presence_of(const Place& place, std::uint64_t size, const wire::Bytes& digest,
                             std::stop_token stop) {
    const Result<Parent> parent = open_parent(place, Missing::stop);
    if (!parent && is_gone(parent.error())) return Presence::absent;
    if (!parent) return parent.error();
    if (!parent->is_whole) return Presence::absent;
    const char* const name = parent->name.c_str();
    struct stat status {};
    if (::fstatat(parent->directory.get(), name, &status, AT_SYMLINK_NOFOLLOW) < 0)
        return errno == ENOENT ? Result{Presence::absent} : last_error("look at what is there");
    const int flags = O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
    const UniqueFd file{::openat(parent->directory.get(), name, flags)};
    const bool is_same_size = file.is_open() && ::fstat(file.get(), &status) == 0 &&
                              S_ISREG(status.st_mode) &&
                              static_cast<std::uint64_t>(status.st_size) == size;
    if (!is_same_size) return Presence::other;
    const Result<wire::Bytes> found = digest_of(file, std::move(stop));
    if (!found) return found.error();
    return *found == digest ? Presence::same : Presence::other;
}

std::optional<Error> obstacle_at(const Place& place, std::uint64_t size) {
    const Result<Parent> parent = open_parent(place, Missing::stop);
    if (!parent && is_gone(parent.error())) return std::nullopt;  // it will be made
    if (!parent) return parent.error();
    const Result<UniqueFd> file = open_nameless(parent->directory);
    if (!file) return file.error();
    return file->is_open() ? take_room(*file, size) : std::nullopt;
}

Result<NewFile> NewFile::create(const Place& place, std::uint64_t size) {
    make_directories(place);
    Result<Parent> parent = open_parent(place, Missing::make);
    if (!parent) return parent.error();
    NewFile file{std::move(parent->directory), std::move(parent->name)};
    if (auto failed = file.open()) return *failed;
    if (auto failed = take_room(file.file_, size)) return *failed;
    return file;
}

std::optional<Error> NewFile::open() {
    Result<UniqueFd> nameless = open_nameless(parent_);
    if (!nameless) return nameless.error();
    file_ = std::move(*nameless);
    if (file_.is_open()) return std::nullopt;
    std::string hidden = hidden_name(name_);
    const int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
    file_ = UniqueFd{::openat(parent_.get(), hidden.c_str(), flags, hidden_mode)};
    if (!file_.is_open()) return last_error("make a file");
    hidden_ = std::move(hidden);
    return std::nullopt;
}

NewFile::NewFile(NewFile&& other) noexcept
    : parent_{std::move(other.parent_)},
      name_{std::move(other.name_)},
      hidden_{std::exchange(other.hidden_, {})},
      file_{std::move(other.file_)} {}

NewFile::~NewFile() {
    if (!hidden_.empty()) ::unlinkat(parent_.get(), hidden_.c_str(), 0);
}

std::optional<Error> NewFile::write(std::span<const std::byte> bytes) {
    const std::error_code error = write_all(file_.get(), bytes);
    return error ? std::optional{Error{error, "write"}} : std::nullopt;
}

// link() never replaces what is there, as rename() would. Closed at once: a program that is open
// for writing cannot be executed.
std::optional<Error> NewFile::place(mode_t permissions) {
    if (::fchmod(file_.get(), permissions) < 0) return last_error("set its permissions");
    const std::string itself = "/proc/self/fd/" + std::to_string(file_.get());
    const int linked =
        hidden_.empty()
            ? ::linkat(AT_FDCWD, itself.c_str(), parent_.get(), name_.c_str(), AT_SYMLINK_FOLLOW)
            : ::linkat(parent_.get(), hidden_.c_str(), parent_.get(), name_.c_str(), 0);
    if (linked < 0) return last_error("give it its name");
    if (::close(file_.release()) < 0) return last_error("write");
    return std::nullopt;
}

}  // namespace vrun::files
