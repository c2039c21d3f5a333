// SPDX-License-Identifier: Apache-2.0
// process/child: a process that we started and must reap.
// Its end is an event on a pidfd: no SIGCHLD handler, and no number that may be a stranger's.
// Dropping a child that still runs kills and reaps it.
#pragma once

#include "wire/base/fd.hpp"

#include <sys/types.h>
#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>
#include <asio/posix/stream_descriptor.hpp>
#include <optional>
#include <variant>

namespace vrun::process {

enum class Group : bool { ours, own };

struct Exited {
    int code;
};
struct Signaled {
    int signal;
};
using ExitStatus = std::variant<Exited, Signaled>;

// 128 + the signal for a killed process, as a shell says it.
int exit_code_of(const ExitStatus& status) noexcept;

class Child {
public:
    Child(asio::any_io_executor loop, pid_t pid, UniqueFd pidfd, Group group);
    Child(Child&& other) noexcept;
    ~Child();

    // -1 once reaped.
    pid_t pid() const noexcept { return pid_.value_or(-1); }

    // The whole group if it has one of its own, else the process. Nothing once it is reaped.
    void signal_group(int number) noexcept;
    void signal_process(int number) noexcept;

    // Completes when the process has ended, and reaps it. One caller, once.
    asio::awaitable<ExitStatus> wait();

private:
    // Emptied the moment the child is reaped: the kernel may hand the number to a stranger.
    std::optional<pid_t> pid_;
    Group group_;
    asio::posix::stream_descriptor pidfd_;
};

}  // namespace vrun::process
