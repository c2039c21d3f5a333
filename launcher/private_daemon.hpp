// SPDX-License-Identifier: Apache-2.0
// launcher/private_daemon: a daemon for one vrun, on a machine where none runs.
// `vrund --private --client-fd 3` on a socket pair: no TCP, no key; it ends when the pair does.
// In a process group of its own, so that Ctrl-C at the terminal reaches vrun alone.
#pragma once

#include "process/child.hpp"
#include "wire/base/fd.hpp"
#include "wire/base/result.hpp"

#include <asio/any_io_executor.hpp>
#include <chrono>

namespace vrun::launcher {

inline constexpr std::chrono::milliseconds private_daemon_end_limit{5'000};

struct PrivateDaemon {
    process::Child process;
    UniqueFd socket;  // our end of the pair
};

// The vrund beside our own program, else the one on PATH.
Result<PrivateDaemon> start_private_daemon(asio::any_io_executor loop);

// Once our end is closed: what it started is cleaned up when it has ended. Killed after the limit.
asio::awaitable<void> wait_for_end(process::Child daemon);

}  // namespace vrun::launcher
