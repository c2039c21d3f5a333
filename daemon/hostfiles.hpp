// SPDX-License-Identifier: Apache-2.0
// daemon/hostfiles: keeps files true for launchers that know hostfiles only (--hostfile), and those
// that tell such a launcher by which network the hosts reach each other.
// A file is replaced as a whole, and only when its text changes; a reader sees the old or the new
// one. Written on a thread of its own: a slow disk must not make the daemon look dead.
#pragma once

#include "daemon/network.hpp"
#include "daemon/options.hpp"
#include "daemon/peers.hpp"
#include "daemon/watch.hpp"
#include "process/child.hpp"
#include "wire/messages/hosts.hpp"

#include <asio/thread_pool.hpp>

namespace vrun::daemon {

// Writes a temporary file beside `path` and renames it; the old one stays when that fails, and
// nothing is left behind.
std::optional<Error> replace_file(const std::string& path, std::string_view text);

// The networks by which these nodes are reached: their CIDRs with commas between, and the interface
// of the first. Empty while no other node is.
wire::Network network_to(const Gathered& gathered, Peers& peers);

// For sure: nobody is up or suspect, and nobody may be: a list is there, and all of it has answered
// or failed.
bool is_nobody_there(const Gathered& gathered);

class Hostfiles {
public:
    // `on_change` runs with /bin/sh after a change was written, once at a time; may be empty.
    Hostfiles(asio::any_io_executor loop, std::vector<Hostfile> files, std::string on_change,
              Watch& watch, Peers& peers, Log& log);

    void start();
    bool owns(pid_t pid) const noexcept { return command_pid_ == pid; }

    void stop();
    asio::awaitable<void> join();

private:
    struct Kept {
        Hostfile file;
        std::optional<std::string> written;  // its text; empty: not known
    };

    struct Known {
        wire::HostList hosts;
        wire::Network network;
    };

    static std::string text_of(const Known& known, wire::HostfileFormat format);
    void hear(const Gathered& gathered);
    asio::awaitable<void> keep();
    asio::awaitable<bool> write_all(Known known, bool& has_changed);
    asio::awaitable<void> run_command();

    asio::any_io_executor loop_;
    std::vector<Kept> files_;
    std::string on_change_;
    Watch& watch_;
    Peers& peers_;
    Log& log_;
    Watch::Hold hold_;
    std::optional<Known> newest_;  // not written yet
    bool is_keeping_ = false;
    pid_t command_pid_ = -1;
    asio::thread_pool disk_{1};
    TaskGroup tasks_;
};

}  // namespace vrun::daemon
