// SPDX-License-Identifier: Apache-2.0
#include "process/program.hpp"

#include "wire/base/escape.hpp"
#include "wire/messages/failure.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <algorithm>
#include <array>

namespace vrun::process {
namespace {

constexpr std::string_view system_path = "/bin:/usr/bin";  // what execvp() takes without a PATH

// 0, or the errno that execve() would fail with.
int obstacle(const std::string& path, const std::string& workdir) {
    const std::string seen = path.starts_with('/') ? path : workdir + '/' + path;
    struct stat status {};
    if (::stat(seen.c_str(), &status) < 0) return errno;
    if (!S_ISREG(status.st_mode)) return EACCES;
    if (::faccessat(AT_FDCWD, seen.c_str(), X_OK, AT_EACCESS) < 0) return errno;
    return 0;
}

// execvp() goes on to the next directory after these.
bool is_passed_over(int error) {
    return error == EACCES || error == ENOENT || error == ENOTDIR || error == ESTALE ||
           error == ENODEV || error == ETIMEDOUT;
}

Error cannot_start(int error, std::string doing) {
    return {std::error_code{error, std::system_category()}, std::move(doing)};
}

std::string_view take_directory(std::string_view& path) {
    const std::size_t end = path.find(':');
    const std::string_view directory = path.substr(0, end);
    path = end == std::string_view::npos ? std::string_view{} : path.substr(end + 1);
    return directory;
}

// An empty entry of PATH is the working directory.
std::string joined(std::string_view directory, const std::string& name) {
    if (directory.empty()) return "./" + name;
    return std::string{directory} + '/' + name;
}

std::string not_in_path(const std::string& name, std::string_view path,
                        const std::string& workdir) {
    const std::string start = "start '" + escaped(name) + "'";
    if (obstacle(name, workdir) == 0)
        return start + " (not in PATH; did you mean './" + escaped(name) + "' in '" +
               escaped(workdir) + "'?)";
    return start + " (looked for in PATH=" + escaped(path) + ")";
}

}  // namespace

Result<std::string> find_program(const std::string& name,
                                 std::optional<std::string_view> path_value,
                                 const std::string& workdir) {
    if (name.empty()) return cannot_start(ENOENT, "start ''");
    if (name.find('/') != std::string::npos) {
        const int error = obstacle(name, workdir);
        if (error == 0) return name;
        const std::string where = name.starts_with('/') ? "" : " in '" + escaped(workdir) + "'";
        return cannot_start(error, "start '" + escaped(name) + "'" + where);
    }
    const std::string_view path = path_value.value_or(system_path);
    std::string forbidden;
    bool is_last = false;
    for (std::string_view left = path; !is_last;) {
        is_last = left.find(':') == std::string_view::npos;
        const std::string candidate = joined(take_directory(left), name);
        const int error = obstacle(candidate, workdir);
        if (error == 0) return candidate;
        if (!is_passed_over(error)) return cannot_start(error, "start '" + escaped(name) + "'");
        if (error == EACCES && forbidden.empty()) forbidden = candidate;
    }
    if (!forbidden.empty())
        return cannot_start(EACCES, "start '" + escaped(name) + "' (" + escaped(forbidden) + ")");
    return cannot_start(ENOENT, not_in_path(name, path, workdir));
}

int exit_code_of(std::error_code start_error) noexcept {
    constexpr std::array out_of_something{
        std::errc::resource_unavailable_try_again, std::errc::too_many_files_open,
        std::errc::too_many_files_open_in_system, std::errc::not_enough_memory,
        std::errc::no_space_on_device};
    const auto is_it = [&](std::errc condition) { return start_error == condition; };
    if (std::ranges::any_of(out_of_something, is_it)) return wire::exit_code::node_lost;
    return start_error == std::errc::no_such_file_or_directory ? 127 : 126;
}

std::optional<std::string_view> value_in(std::span<const std::string> environment,
                                         std::string_view name) noexcept {
    std::optional<std::string_view> value;
    for (const std::string_view entry : environment)
        if (entry.starts_with(name) && entry.substr(name.size()).starts_with('='))
            value = entry.substr(name.size() + 1);
    return value;
}

std::vector<std::string> own_environment() {
    std::vector<std::string> variables;
    for (char** variable = environ; variable && *variable; ++variable)
        variables.emplace_back(*variable);
    return variables;
}

}  // namespace vrun::process
