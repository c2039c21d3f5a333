// SPDX-License-Identifier: Apache-2.0
#include "launcher/submission.hpp"

#include "launcher/environment.hpp"
#include "process/program.hpp"
#include "wire/base/fd.hpp"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include <algorithm>
#include <array>
#include <climits>
#include <cstdlib>

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

// Relative ones lie in vrun's own directory.
std::string working_directory(const AppSettings& app, const Result<std::string>& current) {
    if (app.workdir.starts_with('/')) return app.workdir;
    return app.workdir.empty() ? *current : *current + "/" + app.workdir;
}

std::optional<Error> read_lists(std::vector<wire::ListText>& lists,
                                const std::vector<std::string>& paths) {
    for (const std::string& path : paths) {
        auto text = text_of_file(path, "read the hostfile " + path);
        if (!text) return text.error();
        lists.push_back({path, std::move(*text)});
    }
    return std::nullopt;
}

// Each program has the hosts that it names; one that names none has those that others do.
std::optional<Error> add_hosts(wire::SubmitJob& job, const Settings& settings) {
    job.host_words = settings.host_words;
    std::vector<std::string> paths = settings.host_files;
    for (std::size_t i = 0; i < settings.apps.size(); ++i) {
        const AppSettings& app = settings.apps[i];
        std::ranges::copy(app.host_words, std::back_inserter(job.host_words));
        std::ranges::copy(app.host_files, std::back_inserter(paths));
        if (settings.apps.size() == 1) continue;
        job.apps[i].host_words = app.host_words;
        if (auto error = read_lists(job.apps[i].host_files, app.host_files)) return error;
    }
    if (paths.empty() && job.host_words.empty() && !settings.default_host_file.empty())
        paths.push_back(settings.default_host_file);
    return read_lists(job.host_files, paths);
}

std::optional<Error> add_placement(wire::SubmitJob& job, const Settings& settings) {
    job.placement = settings.placement;
    job.display = settings.display;
    job.plan_only = settings.plan_only;
    wire::ListText& list = job.placement.list;
    if (!settings.rank_file.empty()) list.path = settings.rank_file;
    if (list.path.empty()) return std::nullopt;
    auto text = text_of_file(list.path, "read the list " + list.path);
    if (!text) return text.error();
    list.text = std::move(*text);
    return std::nullopt;
}

void add_environment(Submission& submission, const Settings& settings) {
    PassedEnvironment passed = passed_environment(settings, process::own_environment());
    if (settings.display_environment) submission.displayed = environment_lines(settings, passed);
    submission.job.environment = std::move(passed.of_all);
    for (std::size_t i = 0; i < settings.apps.size(); ++i)
        submission.job.apps[i].environment = std::move(passed.of_app[i]);
    std::ranges::move(passed.notices, std::back_inserter(submission.notices));
}

}  // namespace

Result<std::string> text_of_file(const std::string& path) {
    return text_of_file(path, "read " + path);
}

void pass_on_limits(wire::SubmitJob& job) {
    job.umask = current_umask();
    job.limits = soft_limits();
}

Result<Submission> submission_of(const Settings& settings) {
    const auto directory = current_directory();
    const bool needs_directory = std::ranges::any_of(
        settings.apps, [](const AppSettings& app) { return !app.workdir.starts_with('/'); });
    if (!directory && needs_directory) return directory.error();

    Submission result;
    if (!settings.quiet) result.notices = settings.notices;
    for (const AppSettings& app : settings.apps)
        result.job.apps.push_back(
            {.argv = app.argv, .count = app.count, .workdir = working_directory(app, directory)});
    if (auto error = add_hosts(result.job, settings)) return *error;
    if (auto error = add_placement(result.job, settings)) return *error;
    add_environment(result, settings);
    result.job.streams = settings.streams;
    result.job.ttl_ms = static_cast<std::uint32_t>(settings.life.detach.count());
    if (result.job.ttl_ms > 0) result.job.streams.input_to = wire::InputTo::none;
    result.job.universe = settings.universe;
    result.job.tolerance = settings.life.tolerance;
    result.job.wait_s = static_cast<std::uint32_t>(
        std::min<std::chrono::seconds::rep>(settings.life.wait.count(), UINT32_MAX));
    pass_on_limits(result.job);
    return result;
}

}  // namespace vrun::launcher
