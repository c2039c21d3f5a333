// SPDX-License-Identifier: Apache-2.0
// vrun-shepherd: looks after one job's ranks on one node, as the job's user.
// Started by vrund only: descriptor 3 is its socket, 4 the lifeline, 5 the topology. The process
// becomes the guard; what is said here runs in the shepherd that the guard forks. With
// --remove-stale it only removes what killed guards and shepherds of this user left.
#include "daemon/shepherd/shepherd.hpp"
#include "process/descendants.hpp"
#include "process/heap.hpp"
#include "wire/base/escape.hpp"
#include "wire/frame.hpp"
#include "wire/hello.hpp"
#include "wire/messages/end.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <asio/io_context.hpp>
#include <csignal>
#include <cstdio>
#include <string>
#include <vector>

namespace vrun::shepherd {
namespace {

constexpr int socket_fd = 3, lifeline_fd = 4, topology_fd = 5;
constexpr std::size_t topology_size_max = 16u << 20;

bool is_open(int fd) {
    return ::fcntl(fd, F_GETFD) >= 0;
}

std::string read_topology(UniqueFd file) {
    std::string xml;
    if (!file.is_open()) return xml;
    std::string piece(64u << 10, '\0');
    for (;;) {
        const auto size =
            ::pread(file.get(), piece.data(), piece.size(), static_cast<off_t>(xml.size()));
        if (size <= 0 || xml.size() > topology_size_max) return size == 0 ? xml : "";
        xml.append(piece, 0, static_cast<std::size_t>(size));
    }
}

struct Remains {  // what a shepherd must not leave if its guard is dead
    pid_t guard;
    BaseDirectories directories;
};

// The guard would kill what is left as well; but what a job left shall be gone when we are. The
// PMIx server is not finalized: libpmix 4.2.2 crashes in that after a rank of its was killed.
[[noreturn]] void end_at_once(const Remains& remains) {
    sigset_t child_ended;
    ::sigemptyset(&child_ended);
    ::sigaddset(&child_ended, SIGCHLD);
    ::pthread_sigmask(SIG_BLOCK, &child_ended, nullptr);
    process::kill_all_descendants();
    if (::getppid() != remains.guard) remove_base_directories(remains.directories);
    ::_exit(EXIT_SUCCESS);
}

asio::awaitable<void> live(Shepherd& shepherd, const Remains& remains, process::Log& log) {
    try {
        co_await shepherd.run();
    } catch (const std::exception& error) {
        log.error("the conversation with vrund failed", {{"reason", error.what()}});
    }
    end_at_once(remains);
}

// What a handler throws is the end, before anything is destroyed that is still in use.
[[noreturn]] void serve_until_told(asio::io_context& loop, Shepherd& shepherd,
                                   const Remains& remains, process::Log& log) {
    TaskGroup tasks{loop.get_executor(), [](std::string_view, std::exception_ptr) {}};
    tasks.spawn("live", live(shepherd, remains, log));
    try {
        loop.run();
    } catch (const std::exception& error) {
        log.error("a handler failed", {{"reason", error.what()}});
    }
    end_at_once(remains);
}

// To vrund, in place of a Hello: why there will be no shepherd.
void say_goodbye(const UniqueFd& socket, const std::string& reason) {
    const wire::Message goodbye =
        wire::message_of(wire::Goodbye{wire::exit_code::node_lost, reason});
    const auto size = static_cast<std::uint32_t>(goodbye.body.size());
    const wire::HeaderBytes header = wire::encode(wire::Header{goodbye.type, size});
    std::vector<std::byte> frame{header.begin(), header.end()};
    frame.insert(frame.end(), goodbye.body.begin(), goodbye.body.end());
    (void)!::send(socket.get(), frame.data(), frame.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
}

int run_shepherd(const std::string& node_name, UniqueFd topology, Guarded guarded) {
    const char* word = std::getenv("VRUN_LOG_LEVEL");
    const auto level = process::log_level_of(word ? word : "").value_or(process::LogLevel::info);
    process::Log log{"vrun-shepherd", level};
    process::keep_freed_memory();
    UniqueFd last_words{::fcntl(socket_fd, F_DUPFD_CLOEXEC, 0)};
    const Remains remains{guarded.guard, guarded.directories};
    try {
        asio::io_context loop{1};
        ShepherdSetup setup{node_name, read_topology(std::move(topology)), UniqueFd{socket_fd},
                            std::move(guarded)};
        Shepherd shepherd{loop.get_executor(), std::move(setup), log};
        last_words = UniqueFd{};  // or vrund would not see the link closed
        serve_until_told(loop, shepherd, remains, log);
    } catch (const std::exception& error) {
        log.error("cannot go on", {{"reason", error.what()}});
        say_goodbye(last_words, error.what());
        end_at_once(remains);
    }
}

int usage(const char* problem) {
    std::fprintf(stderr,
                 "vrun-shepherd: %s\n"
                 "vrund starts this program; there is nothing to be done with it by hand.\n"
                 "usage: vrun-shepherd --name NODE_NAME (sockets on descriptors 3 and 4)\n",
                 problem);
    return wire::exit_code::usage;
}

int run(const std::vector<std::string>& arguments) {
    if (arguments.size() == 1 && arguments[0] == "--version") {
        std::printf("%s\n", wire::software_version().c_str());
        return EXIT_SUCCESS;
    }
    if (arguments.size() == 1 && arguments[0] == "--remove-stale") {
        remove_stale(stale_base_directories());
        return EXIT_SUCCESS;
    }
    if (arguments.size() != 2 || arguments[0] != "--name")
        return usage("expected --name NODE_NAME");
    if (!is_open(socket_fd) || !is_open(lifeline_fd))
        return usage("descriptors 3 and 4 are not open");
    ::signal(SIGPIPE, SIG_IGN);
    // Asked now: later the number may belong to something else.
    const int topology = is_open(topology_fd) ? topology_fd : -1;
    const auto shepherd = [&](Guarded guarded) {
        return run_shepherd(arguments[1], UniqueFd{topology}, std::move(guarded));
    };
    try {
        return run_guarded(UniqueFd{lifeline_fd}, shepherd);
    } catch (const std::exception& error) {
        say_goodbye(UniqueFd{socket_fd}, error.what());
        throw;
    }
}

}  // namespace
}  // namespace vrun::shepherd

int main(int argc, char** argv) {
    try {
        return vrun::shepherd::run({argv + 1, argv + argc});
    } catch (const std::exception& error) {
        std::fprintf(stderr, "vrun-shepherd: %s\n", vrun::escaped(error.what()).c_str());
        return EXIT_FAILURE;
    }
}
