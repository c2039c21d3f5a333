// SPDX-License-Identifier: Apache-2.0
#include "daemon/shepherd/rank_starter.hpp"

#include "daemon/shepherd/login.hpp"
#include "daemon/shepherd/remedies.hpp"
#include "daemon/shepherd/workdir.hpp"
#include "process/program.hpp"

#include <sched.h>
#include <sys/utsname.h>
#include <unistd.h>
#include <cerrno>
#include <csignal>

namespace vrun::shepherd {
namespace {

constexpr std::size_t sentence_size_max = 8u << 10;

std::uint32_t usable_cores() {
    cpu_set_t cores;
    CPU_ZERO(&cores);
    if (::sched_getaffinity(0, sizeof cores, &cores) < 0) return 1;  // more than the set can hold
    return static_cast<std::uint32_t>(CPU_COUNT(&cores));
}

std::string kernel_host_name() {
    struct utsname names {};
    return ::uname(&names) < 0 ? "" : names.nodename;
}

}  // namespace

RankStarter::RankStarter(Parts parts, std::optional<int> oom_score_adj)
    : parts_{parts},
      oom_score_adj_{oom_score_adj},
      host_name_{kernel_host_name()},
      cores_{usable_cores()} {}

NodeEnvironment RankStarter::node(const JobDirectories& directories) const {
    return {.launch = parts_.start.launch,
            .node = parts_.start.node,
            .network = parts_.start.network,
            .session_directory = directories.session,
            .shm_directory = directories.shm,
            .host_name = host_name_,
            .cores = cores_,
            .remedies = remedies_,
            .pmi_fd = pmi_fd};
}

std::optional<Preload::Ground> RankStarter::ground(const RankPlace& place,
                                                   const JobDirectories& directories) const {
    const wire::App& app = parts_.start.launch.apps[place.app];
    const auto variables = rank_environment(node(directories), place, {}, app.workdir);
    const Result<std::string> workdir = find_workdir(app.workdir, variables);
    if (!workdir) return std::nullopt;
    const auto path = process::value_in(variables, "PATH");
    const Result<std::string> program = process::find_program(app.argv[0], path, *workdir);
    return Preload::Ground{*workdir, program ? *program : ""};
}

std::optional<wire::StartFailed> RankStarter::start(const RankPlace& place,
                                                    const JobDirectories& directories) {
    if (parts_.start.launch.kind == wire::JobKind::shell) return start_shell(place);
    const wire::App& app = parts_.start.launch.apps[place.app];
    const NodeEnvironment here = node(directories);
    const auto pmix = parts_.server.environment_of(place.rank);
    const Result<std::string> workdir =
        find_workdir(app.workdir, rank_environment(here, place, pmix, app.workdir));
    if (!workdir) return failure(workdir.error(), wire::exit_code::not_executable, place.rank);

    process::ChildPlan child = plan(place, rank_environment(here, place, pmix, *workdir));
    child.workdir = *workdir;
    const Result<std::string> program = program_of(place, child);
    if (!program)
        return failure(program.error(), process::exit_code_of(program.error().code), place.rank);
    child.program = *program;
    look_at(child);
    const std::optional<Error> error = parts_.ranks.start(place.rank, std::move(child));
    if (error) return failure(*error, process::exit_code_of(error->code), place.rank);
    return std::nullopt;
}

std::optional<wire::StartFailed> RankStarter::start_shell(const RankPlace& place) {
    const wire::LaunchJob& launch = parts_.start.launch;
    const Login login = own_login();
    process::ChildPlan child{
        .argv = shell_argv(login, launch.apps[place.app].argv[0]),
        .program = login.shell,
        .environment = login_environment(login, parts_.start.network, process::own_environment()),
        .workdir = login.home,
        .stdio = parts_.io.connect(place.rank),
        .umask = launch.umask,
        .limits = launch.limits,
        .oom_score_adj = oom_score_adj_,
        .death_signal = SIGKILL};
    const std::optional<Error> error = parts_.ranks.start(place.rank, std::move(child));
    if (error) return failure(*error, process::exit_code_of(error->code), place.rank);
    return std::nullopt;
}

// Before it is started: what is said here explains how it may end.
void RankStarter::look_at(const process::ChildPlan& child) {
    const auto tmpdir = process::value_in(child.environment, "TMPDIR");
    if (auto notice = notice_of_tmpdir(tmpdir.value_or(""))) parts_.notify(std::move(*notice));
    if (child.argv[0].find('/') != std::string::npos) return;
    const std::string path =
        ':' + std::string{process::value_in(child.environment, "PATH").value_or("")} + ':';
    for (const std::string_view name : {"VIRTUAL_ENV", "CONDA_PREFIX"}) {
        const std::string venv{process::value_in(child.environment, name).value_or("")};
        const bool is_active = !venv.empty() && path.find(':' + venv + "/bin:") != path.npos;
        if (is_active && ::access(venv.c_str(), F_OK) < 0 && errno == ENOENT)
            parts_.notify(notice_of_venv(venv, child.program));
    }
}

Result<std::string> RankStarter::program_of(const RankPlace& place,
                                            const process::ChildPlan& child) const {
    if (auto preloaded = parts_.preload.program_of(place.app)) return *std::move(preloaded);
    const auto path = process::value_in(child.environment, "PATH");
    return process::find_program(child.argv[0], path, child.workdir);
}

process::ChildPlan RankStarter::plan(const RankPlace& place,
                                     std::vector<std::string> environment) const {
    const wire::LaunchJob& launch = parts_.start.launch;
    std::vector<std::pair<UniqueFd, int>> sockets;
    sockets.emplace_back(parts_.pmi.connect(place.rank), pmi_fd);
    return {.argv = launch.apps[place.app].argv,
            .program = {},
            .environment = std::move(environment),
            .stdio = parts_.io.connect(place.rank),
            .descriptors = std::move(sockets),
            .umask = launch.umask,
            .limits = launch.limits,
            .oom_score_adj = oom_score_adj_,
            .cpus = cpus_of(place.local_rank),
            .death_signal = SIGKILL};
}

process::CpuSet RankStarter::cpus_of(std::uint32_t local_rank) const {
    const auto& all = parts_.start.cpus;
    if (local_rank >= all.size()) return {};
    return process::CpuSet::of_text(all[local_rank]).value_or(process::CpuSet{});
}

wire::StartFailed RankStarter::failure(const Error& error, int exit_code,
                                       std::optional<wire::Rank> rank) const {
    wire::StartFailed failed{.node = parts_.start.node,
                             .has_rank = rank.has_value(),
                             .rank = rank.value_or(0),
                             .error = error.code.value(),
                             .exit_code = exit_code,
                             .sentence = error.message()};
    if (failed.sentence.size() > sentence_size_max) failed.sentence.resize(sentence_size_max);
    return failed;
}

}  // namespace vrun::shepherd
