// SPDX-License-Identifier: Apache-2.0
// daemon/shepherd/stack_reader: where the threads of a process stand, as a debugger says it.
// Runs the first of gstack, eu-stack and gdb that is on this node, one at a time and not for long.
// It may be forbidden to look (seccomp, Yama): then the debugger's own words are the answer.
#pragma once

#include "process/spawner.hpp"

#include <optional>
#include <string>

namespace vrun::shepherd {

class StackReader {
public:
    explicit StackReader(asio::any_io_executor loop) : loop_{loop}, spawner_{loop} {}

    // Text of several lines; why there is none, in the same place. Cancelled, the debugger dies.
    asio::awaitable<std::string> read(pid_t pid);

    bool owns(pid_t pid) const noexcept { return debugger_ == pid; }

private:
    asio::awaitable<std::string> run(process::ChildPlan plan);
    asio::awaitable<void> gather(UniqueFd pipe, std::string& text);

    asio::any_io_executor loop_;
    process::Spawner spawner_;
    std::optional<pid_t> debugger_;  // that runs now
};

}  // namespace vrun::shepherd
