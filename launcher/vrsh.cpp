// SPDX-License-Identifier: Apache-2.0
// vrsh: ssh's place taken by the daemons: one command of the caller on one node.
// Parses, finds the daemon beside it, and lets a session run the command. When that leaves
// something running, a copy of us stays in the background: it owns the job, whose end is its end.
#include "launcher/daemon_connection.hpp"
#include "launcher/shell_line.hpp"
#include "launcher/shell_session.hpp"
#include "launcher/standard_stream.hpp"
#include "launcher/submission.hpp"
#include "launcher/terminal.hpp"
#include "process/heap.hpp"
#include "wire/base/result.hpp"
#include "wire/hello.hpp"

#include <fcntl.h>
#include <pwd.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <algorithm>
#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <cstdlib>

namespace {

using namespace vrun;
using namespace vrun::launcher;

const Terminal terminal{"vrsh"};

// What we inherit, and nobody else closes while we stay in the background.
void close_inherited_descriptors() {
    ::syscall(SYS_close_range, STDERR_FILENO + 1, ~0u, 0u);
}

void point_to_null(int fd) {
    const UniqueFd null{check(::open("/dev/null", O_RDWR | O_CLOEXEC), "open /dev/null")};
    check(::dup2(null.get(), fd), "dup2");
}

// The caller's name on this host; empty if it has none.
std::string own_name() {
    const passwd* const entry = ::getpwuid(::getuid());
    return entry ? entry->pw_name : "";
}

std::optional<std::string> problem_of_user(const std::optional<std::string>& user) {
    if (!user || *user == own_name() || *user == std::to_string(::getuid())) return std::nullopt;
    const std::string caller = own_name().empty() ? std::to_string(::getuid()) : own_name();
    return "user " + *user + ": commands run as who calls vrsh, which is " + caller;
}

wire::SubmitJob job_of(const ShellLine& line) {
    wire::SubmitJob job;
    job.kind = wire::JobKind::shell;
    job.apps.push_back({.argv = {line.command}, .count = 1, .workdir = {}});
    job.host_words.push_back(host_word(line.host));
    job.placement.oversubscribe = wire::Choice::yes;
    job.placement.bind.to = wire::BindTo::none;
    pass_on_limits(job);
    return job;
}

// Our parent sees the exit code now. False: there is no room for another process.
bool continue_in_background(asio::any_io_executor loop, int exit_code) {
    asio::execution_context& context = loop.context();
    context.notify_fork(asio::execution_context::fork_prepare);
    const pid_t child = ::fork();
    if (child > 0) ::_exit(exit_code);
    context.notify_fork(child == 0 ? asio::execution_context::fork_child
                                   : asio::execution_context::fork_parent);
    if (child < 0) return false;
    ::setsid();
    for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
        point_to_null(fd);
    return ::chdir("/") == 0;
}

asio::awaitable<int> run_on(UniqueFd socket, const ShellLine& line) {
    const auto loop = co_await asio::this_coro::executor;
    DaemonConnection daemon{loop, std::move(socket)};
    const std::optional<Refusal> refusal = co_await daemon.greet(wire::Role::launcher);
    ShellSession::End end;
    if (refusal) {
        (void)terminal.complain(refusal->sentence, vrsh_failed);
    } else {
        ShellSession session{loop, daemon.link(), ShellSession::Descriptors{}};
        end = co_await session.run(job_of(line));
        if (end.lives_on) continue_in_background(loop, end.exit_code);
        co_await session.outlive();
    }
    co_await daemon.leave();
    co_return end.exit_code;
}

int run(const ShellLine& line) {
    Result<std::optional<UniqueFd>> found = find_daemon(std::nullopt);
    if (!found) return terminal.complain(found.error().message(), vrsh_failed);
    if (!*found)
        return terminal.complain("no daemon answers at " + searched_sockets() +
                                     "\nvrsh asks the vrund of its own host; start one with "
                                     "'vrund &', or name its socket in VRUN_SOCKET",
                                 vrsh_failed);
    asio::io_context loop{1};
    int exit_code = vrsh_failed;
    asio::co_spawn(loop, run_on(std::move(**found), line),
                   [&](std::exception_ptr failure, int code) {
                       if (failure) std::rethrow_exception(failure);
                       exit_code = code;
                   });
    loop.run();
    return exit_code;
}

}  // namespace

int main(int argc, char** argv) {
    try {
        fill_closed_standard_descriptors(ClosedOutput::is_lost);
        close_inherited_descriptors();
        process::keep_freed_memory();
        const Result<ShellLine> line = parse_shell_line({argv + std::min(argc, 1), argv + argc});
        if (!line) return terminal.complain(line.error().message(), vrsh_failed);
        if (line->request == ShellRequest::help) return terminal.print(shell_help());
        if (line->request == ShellRequest::version)
            return terminal.print(wire::software_version() + "\n");
        if (const auto problem = problem_of_user(line->user))
            return terminal.complain(*problem, vrsh_failed);
        if (line->no_input) point_to_null(STDIN_FILENO);
        return run(*line);
    } catch (const std::exception& error) {
        return terminal.complain(error.what(), vrsh_failed);
    }
}
