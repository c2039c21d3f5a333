// SPDX-License-Identifier: Apache-2.0
// daemon/init: what vrund owes the container whose PID 1 it is, and `vrund -- CMD`.
// Signals arrive as events: orphans are reaped, CMD gets what we are sent, and its end is ours.
// Reaps only what nobody here waits for: `is_ours` names the children that others wait for.
#pragma once

#include "wire/base/result.hpp"

#include <sys/types.h>
#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>
#include <asio/signal_set.hpp>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace vrun::daemon {

class Init {
public:
    using IsOurs = std::function<bool(pid_t)>;

    Init(asio::any_io_executor loop, IsOurs is_ours);

    // Starts the container's main program, in a process group of its own, which gets the terminal
    // if we have it. From here on every signal that can be forwarded is.
    // Error: errno, and what could not be started.
    Result<pid_t> start(std::vector<std::string> command);

    // Completes with our exit code: CMD's (128 + signal if it was killed), or 0 at INT, TERM or
    // HUP without CMD. No time limit: how long CMD takes is its own affair.
    asio::awaitable<int> run();

private:
    void take(int signal);
    void reap();

    asio::signal_set signals_;
    IsOurs is_ours_;
    std::optional<pid_t> main_program_;  // emptied when it is reaped
    std::optional<int> exit_code_;
};

}  // namespace vrun::daemon
