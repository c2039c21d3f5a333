// SPDX-License-Identifier: Apache-2.0
#include "wire/local_socket.hpp"

#include "wire/identity.hpp"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include <cstdlib>
#include <cstring>
#include <filesystem>

namespace vrun::wire {
namespace {

constexpr int backlog = 4096;  // the kernel cuts it to net.core.somaxconn

Error error_of(int number, const std::string& doing) {
    return {{number, std::system_category()}, doing};
}

std::string user_directory_socket() {
    if (const char* runtime = ::getenv("XDG_RUNTIME_DIR"); runtime && *runtime)
        return std::string{runtime} + "/vrun/vrund.sock";
    return "/tmp/vrun-" + std::to_string(::geteuid()) + "/vrund.sock";
}

Result<sockaddr_un> address_of(const std::string& path, const std::string& doing) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof address.sun_path) return error_of(ENAMETOOLONG, doing);
    std::memcpy(address.sun_path, path.data(), path.size());
    return address;
}

Result<UniqueFd> connected_to(const std::string& path, const std::string& doing) {
    const auto address = address_of(path, doing);
    if (!address) return address.error();
    UniqueFd fd{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    if (!fd.is_open()) return error_of(errno, doing);
    const auto* raw = reinterpret_cast<const sockaddr*>(&*address);
    if (::connect(fd.get(), raw, sizeof *address) < 0) return error_of(errno, doing);
    return fd;
}

// In /tmp anybody may have made the directory first: it must be ours, and closed to others.
Result<bool> make_directory(const std::string& path, const std::string& doing) {
    const std::filesystem::path directory = std::filesystem::path{path}.parent_path();
    std::error_code error;
    std::filesystem::create_directories(directory, error);
    if (error) return Error{error, doing};
    struct stat status {};
    if (::stat(directory.c_str(), &status) < 0) return error_of(errno, doing);
    if (status.st_uid != ::geteuid() && status.st_uid != 0)
        return error_of(
            EPERM, doing + ", whose directory belongs to uid " + std::to_string(status.st_uid));
    return true;
}

// A socket that nobody serves; never another file that somebody's --socket names.
Result<bool> remove_stale(const std::string& path, const std::string& doing) {
    struct stat status {};
    if (::lstat(path.c_str(), &status) < 0) return true;
    if (!S_ISSOCK(status.st_mode))
        return error_of(EEXIST, doing + ", where there is something else than a socket");
    ::unlink(path.c_str());
    return true;
}

}  // namespace

std::vector<std::string> local_socket_candidates() {
    if (const char* given = ::getenv("VRUN_SOCKET"); given && *given) return {given};
    std::vector<std::string> candidates{"/run/vrun/vrund.sock", user_directory_socket()};
    const std::string last = "/tmp/vrun-" + std::to_string(::geteuid()) + "/vrund.sock";
    if (candidates.back() != last) candidates.push_back(last);
    return candidates;
}

std::string default_local_socket() {
    return ::geteuid() == 0 ? "/run/vrun/vrund.sock" : user_directory_socket();
}

Result<UniqueFd> connect_local(const std::string& path) {
    const std::string doing = "connect to the daemon at " + path;
    Result<UniqueFd> fd = connected_to(path, doing);
    if (!fd) return fd;
    const std::uint32_t server = peer_of(fd->get()).uid;
    if (server == 0 || server == ::geteuid()) return fd;
    return error_of(EPERM, doing + ", which belongs to uid " + std::to_string(server));
}

Result<UniqueFd> listen_local(const std::string& path) {
    const std::string doing = "listen on " + path;
    const auto address = address_of(path, doing);
    if (!address) return address.error();
    if (const auto made = make_directory(path, doing); !made) return made.error();
    if (connected_to(path, doing)) return error_of(EADDRINUSE, doing);
    if (const auto removed = remove_stale(path, doing); !removed) return removed.error();
    UniqueFd fd{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
    if (!fd.is_open()) return error_of(errno, doing);
    const auto* raw = reinterpret_cast<const sockaddr*>(&*address);
    if (::bind(fd.get(), raw, sizeof *address) < 0) return error_of(errno, doing);
    if (::chmod(path.c_str(), 0666) < 0) return error_of(errno, doing);
    if (::listen(fd.get(), backlog) < 0) return error_of(errno, doing);
    return fd;
}

}  // namespace vrun::wire
