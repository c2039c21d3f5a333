// SPDX-License-Identifier: Apache-2.0
#include "launcher/submission.hpp"

#include "wire/base/fd.hpp"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include <algorithm>
#include <array>
#include <climits>
#include <cstdlib>

extern char** environ;

namespace vrun::launcher {
namespace {

// Limits of one process. The others (processes, queued signals, locks, …) count what a user has on
// a whole machine, or grant privileges: they say nothing about another node.
constexpr std::array limits_passed_on{RLIMIT_AS,     RLIMIT_CORE,  RLIMIT_CPU,
                                      RLIMIT_DATA,   RLIMIT_FSIZE, RLIMIT_MEMLOCK,
                                      RLIMIT_NOFILE, RLIMIT_RSS,   RLIMIT_STACK};

Error last_error(std::string doing) {
    return {{errno, std::system_category()}, std::move(doing)};
}

Result<std::string> text_of_file(const std::string& path, const std::string& doing) {
    const UniqueFd fd{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY)};
    if (!fd.is_open()) return last_error(doing);
    std::string text;
    std::array<char, 64 << 10> buffer;
    for (;;) {
        const ssize_t size = ::read(fd.get(), buffer.data(), buffer.size());
        if (size < 0 && errno == EINTR) continue;
        if (size < 0) return last_error(doing);
        if (size == 0) return text;
        text.append(buffer.data(), static_cast<std::size_t>(size));
        if (text.size() > host_file_size_max)
            return Error{std::make_error_code(std::errc::file_too_large), doing};
    }
}

bool is_same_directory(const char* a, const char* b) {
    struct stat first {
    }, second{};
    return ::stat(a, &first) == 0 && ::stat(b, &second) == 0 && first.st_dev == second.st_dev &&
           first.st_ino == second.st_ino;
}

// As the user's shell names it: through links, which exist on other nodes when their targets do
// not.
Result<std::string> current_directory() {
    if (const char* logical = ::getenv("PWD");
        logical && *logical == '/' && is_same_directory(logical, "."))
        return std::string{logical};
    std::array<char, PATH_MAX> buffer;
    if (!::getcwd(buffer.data(), buffer.size())) return last_error("find the current directory");
    return std::string{buffer.data()};
}

std::uint32_t current_umask() {
    const mode_t mask = ::umask(0);  // there is no way to ask without setting
    ::umask(mask);
    return mask;
}

std::vector<wire::ResourceLimit> soft_limits() {
    std::vector<wire::ResourceLimit> limits;
    for (const auto resource : limits_passed_on) {
        rlimit limit{};
        if (::getrlimit(resource, &limit) == 0)
            limits.push_back({static_cast<std::int32_t>(resource), limit.rlim_cur});
    }
    return limits;
}

std::vector<std::string> environment() {
    std::vector<std::string> variables;
    for (char** variable = environ; variable && *variable; ++variable)
        variables.emplace_back(*variable);
    return variables;
}

void export_to(wire::App& app, const std::string& word, std::vector<std::string>& notices) {
    if (word.find('=') != word.npos) {
        app.environment.push_back(word);
        return;
    }
    if (const char* value = ::getenv(word.c_str())) {
        app.environment.push_back(word + "=" + value);
        return;
    }
    notices.push_back("-x " + word + ": there is no such variable here; not passed on");
}

}  // namespace

Result<Submission> submission_of(const Settings& settings) {
    const auto directory = current_directory();
    const bool needs_directory = std::ranges::any_of(
        settings.apps, [](const AppSettings& app) { return !app.workdir.starts_with('/'); });
    if (!directory && needs_directory) return directory.error();

    Submission result;
    if (!settings.quiet) result.notices = settings.notices;
    for (const AppSettings& app : settings.apps) {
        wire::App& submitted = result.job.apps.emplace_back(
            wire::App{.argv = app.argv, .count = app.count, .workdir = app.workdir});
        if (app.workdir.empty())
            submitted.workdir = *directory;
        else if (app.workdir.front() != '/')
            submitted.workdir = *directory + "/" + app.workdir;
        for (const std::string& word : app.exports)
            export_to(submitted, word, result.notices);
    }
    for (const std::string& path : settings.host_files) {
        auto text = text_of_file(path, "read the hostfile " + path);
        if (!text) return text.error();
        result.job.host_files.push_back({path, std::move(*text)});
    }
    result.job.host_words = settings.host_words;
    result.job.placement = settings.placement;
    result.job.environment = environment();
    result.job.umask = current_umask();
    result.job.limits = soft_limits();
    return result;
}

}  // namespace vrun::launcher
