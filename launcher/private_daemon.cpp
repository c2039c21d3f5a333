// SPDX-License-Identifier: Apache-2.0
#include "launcher/private_daemon.hpp"

#include "process/pipe.hpp"
#include "process/program.hpp"
#include "process/spawner.hpp"
#include "wire/base/timeout.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>
#include <array>
#include <cstdlib>
#include <filesystem>

namespace vrun::launcher {
namespace {

struct SocketPair {
    UniqueFd ours, theirs;
};

SocketPair make_socket_pair() {
    std::array<int, 2> ends{};
    check(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()), "socketpair");
    return {UniqueFd{ends[0]}, UniqueFd{ends[1]}};
}

Result<std::string> find_vrund() {
    std::error_code ignored;
    const auto beside =
        std::filesystem::read_symlink("/proc/self/exe", ignored).replace_filename("vrund");
    if (::access(beside.c_str(), X_OK) == 0) return beside.string();
    const char* path = ::getenv("PATH");
    return process::find_program("vrund",
                                 path ? std::optional<std::string_view>{path} : std::nullopt, "/");
}

}  // namespace

Result<PrivateDaemon> start_private_daemon(asio::any_io_executor loop) {
    const std::string doing =
        "no daemon runs here, and none can be started; install vrund beside vrun or run one";
    const Result<std::string> program = find_vrund();
    if (!program) return Error{program.error().code, doing};
    SocketPair pair = make_socket_pair();
    process::ChildPlan plan;
    plan.argv = {"vrund", "--private", "--client-fd", "3"};
    plan.program = *program;
    // Its life-cycle lines would mix with the job's output; VRUN_LOG_LEVEL brings them back.
    if (!::getenv("VRUN_LOG_LEVEL")) plan.argv.insert(plan.argv.end(), {"--log-level", "warning"});
    plan.environment = process::own_environment();
    plan.stdio[0] = process::open_null();
    plan.stdio[1] = process::open_null();
    plan.stdio[2] = UniqueFd{check(::fcntl(2, F_DUPFD_CLOEXEC, 3), "fcntl")};
    plan.descriptors.emplace_back(std::move(pair.theirs), 3);
    plan.group = process::Group::own;
    Result<process::Child> child = process::Spawner{loop}.spawn(std::move(plan));
    if (!child) return Error{child.error().code, doing + " (" + child.error().doing + ")"};
    return PrivateDaemon{std::move(*child), std::move(pair.ours)};
}

asio::awaitable<void> wait_for_end(process::Child daemon) {
    try {
        co_await with_timeout(daemon.wait(), private_daemon_end_limit);
    } catch (const std::system_error& error) {  // dropping it kills it
        if (error.code() != std::errc::timed_out) throw;
    }
}

}  // namespace vrun::launcher
