// SPDX-License-Identifier: Apache-2.0
// vrun: runs an MPI program on the nodes of the cluster.
// Parses, finds or brings a daemon, and lets a session run the job there.
#include "launcher/daemon_connection.hpp"
#include "launcher/job_session.hpp"
#include "launcher/options/help.hpp"
#include "launcher/options/output.hpp"
#include "launcher/options/parse.hpp"
#include "launcher/preload.hpp"
#include "launcher/private_daemon.hpp"
#include "launcher/publish.hpp"
#include "launcher/submission.hpp"
#include "launcher/terminal.hpp"
#include "process/descriptors.hpp"
#include "process/heap.hpp"
#include "process/program.hpp"
#include "wire/hello.hpp"

#include <unistd.h>
#include <algorithm>
#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace {

using namespace vrun;
using namespace vrun::launcher;

// As the user called us: mpirun, mpiexec.hydra, vrun.
const Terminal terminal{::program_invocation_short_name};
constexpr std::size_t descriptors_needed = 16;  // however large the job
const PhaseTimes::Clock::time_point begun = PhaseTimes::Clock::now();

bool shows_progress(const Settings& settings) {
    const char* const type = ::getenv("TERM");
    const bool is_able = type && *type != '\0' && std::string_view{type} != "dumb";
    return !settings.quiet && is_able && ::isatty(STDERR_FILENO) == 1;
}

int publish_pid(const std::string& where) {
    const std::string pid = std::to_string(::getpid());
    if (where.empty()) return 0;
    if (where == to_standard_output) return terminal.print(pid + "\n");
    if (where == to_standard_error) return std::fprintf(stderr, "%s\n", pid.c_str()) < 0;
    const std::optional<Error> error = write_line(where, pid);
    return error ? terminal.complain(error->message(), wire::exit_code::output_failed) : 0;
}

SessionOptions session_options(const Settings& settings) {
    SessionOptions options;
    options.program = ::program_invocation_short_name;
    options.verbose = settings.verbose;
    options.quiet = settings.quiet;
    options.show_progress = shows_progress(settings);
    options.life = settings.life;
    if (settings.life.detach.count() > 0) options.bond = Bond::detaching;
    const char* const no_color = ::getenv("NO_COLOR");
    options.output = output_plan_of(settings.output, !no_color || *no_color == '\0');
    options.begun = begun;
    return options;
}

asio::awaitable<int> run_on(UniqueFd socket, const Settings& settings, Submission submission) {
    const auto loop = co_await asio::this_coro::executor;
    DaemonConnection daemon{loop, std::move(socket)};
    const std::optional<Refusal> refusal = co_await daemon.greet(wire::Role::launcher);
    int exit_code = 0;
    if (refusal) {
        exit_code = terminal.complain(refusal->sentence, refusal->exit_code);
    } else {
        SessionOptions options = session_options(settings);
        options.sources = std::move(submission.sources);
        JobSession session{loop, daemon.link(), std::move(options)};
        exit_code = co_await session.run(std::move(submission.job), std::move(submission.notices));
        if (settings.timing) terminal.say(phase_lines(session.times()));
    }
    co_await daemon.leave();
    co_return exit_code;
}

asio::awaitable<int> run_job(const Settings& settings, Submission submission) {
    const auto loop = co_await asio::this_coro::executor;
    Result<std::optional<UniqueFd>> found = find_daemon(settings.socket);
    if (!found) {
        const std::string hint =
            "\nwithout --socket and VRUN_SOCKET, vrun finds a daemon or brings its own";
        co_return terminal.complain(found.error().message() + hint, wire::exit_code::daemon_lost);
    }
    if (*found) co_return co_await run_on(std::move(**found), settings, std::move(submission));

    if (settings.life.detach.count() > 0)
        co_return terminal.complain("no daemon answers at " + searched_sockets() +
                                        "\n--detach needs one that stays: start it with 'vrund &'",
                                    wire::exit_code::daemon_lost);
    Result<PrivateDaemon> started = start_private_daemon(loop);
    if (!started)
        co_return terminal.complain(started.error().message(), wire::exit_code::daemon_lost);
    const int exit_code =
        co_await run_on(std::move(started->socket), settings, std::move(submission));
    co_await wait_for_end(std::move(started->process));
    co_return exit_code;
}

int run(const Settings& settings, Submission submission) {
    asio::io_context loop{1};
    int exit_code = wire::exit_code::daemon_lost;
    asio::co_spawn(loop, run_job(settings, std::move(submission)),
                   [&](std::exception_ptr failure, int code) {
                       if (failure) std::rethrow_exception(failure);
                       exit_code = code;
                   });
    loop.run();
    return exit_code;
}

CommandLine command_line(int argc, char** argv) {
    CommandLine line;
    if (argc > 0) line.program = argv[0];
    line.words.assign(argv + std::min(argc, 1), argv + argc);
    line.environment = process::own_environment();
    line.read_file = [](const std::string& path) { return text_of_file(path); };
    return line;
}

std::string text_of(const std::vector<std::string>& lines) {
    std::string text;
    for (const std::string& line : lines)
        text += line + "\n";
    return text;
}

}  // namespace

int main(int argc, char** argv) {
    try {
        fill_closed_standard_descriptors(ClosedOutput::fails);
        process::require_descriptors(descriptors_needed);
        process::keep_freed_memory();
        const Result<Settings> settings = parse(command_line(argc, argv));
        if (!settings) return terminal.complain(settings.error().message(), wire::exit_code::usage);
        if (settings->help)
            return terminal.print(help_text(::program_invocation_short_name, settings->help_topic));
        if (settings->version) return terminal.print(wire::software_version() + "\n");
        Result<Submission> submission = submission_of(*settings);
        if (!submission)
            return terminal.complain(submission.error().message(), wire::exit_code::usage);
        if (const auto refusal = add_files(*submission, *settings))
            return terminal.complain(refusal->sentence, refusal->exit_code);
        if (const int code = terminal.print(text_of(submission->displayed)); code != 0) return code;
        if (const int code = publish_pid(settings->life.pid_to); code != 0) return code;
        const bool tells_waiting = settings->verbose && settings->life.wait.count() > 0;
        submission->job.shows_progress = shows_progress(*settings) || tells_waiting;
        return run(*settings, std::move(*submission));
    } catch (const std::exception& error) {
        return terminal.complain(error.what(), wire::exit_code::daemon_lost);
    }
}
