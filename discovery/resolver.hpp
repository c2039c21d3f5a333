// SPDX-License-Identifier: Apache-2.0
// discovery/resolver: DNS questions on our loop, through c-ares, which stays in the source file.
// c-ares owns the sockets; we only tell it which one became ready. One family per question: for
// "any", c-ares calls half an answer a success. Idle, it has no socket and no timer.
#pragma once

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>
#include <asio/ip/address.hpp>
#include <chrono>
#include <memory>
#include <string>
#include <system_error>
#include <vector>

namespace vrun::discovery {

using Addresses = std::vector<asio::ip::address>;
enum class Family { ipv4, ipv6 };

struct ResolverOptions {
    std::string servers;  // "127.0.0.1:5353,[::1]:53"; empty: those of resolv_conf
    std::string resolv_conf = "/etc/resolv.conf";
    std::chrono::milliseconds timeout{2000};  // of the first try; a later one waits longer
    int tries = 2;                            // of each server
};

class Resolver {
    struct Pending;
    struct Channel;

public:
    // Throws std::system_error.
    Resolver(asio::any_io_executor loop, const ResolverOptions& options);
    ~Resolver();  // questions under way end with operation_aborted
    Resolver(Resolver&&) noexcept;
    Resolver& operator=(Resolver&&) noexcept;

    struct Answer {
        std::error_code error;  // Errc; operation_aborted if the resolver was destroyed
        Addresses addresses;    // in the order DNS gave them; not empty without an error
    };

    // A question under way. Several may be asked before the first is awaited; dropping one is fine.
    class Question {
    public:
        explicit Question(std::shared_ptr<Pending> pending) noexcept;
        // Ends when DNS answered or gave up. Throws operation_aborted when cancelled.
        asio::awaitable<Answer> answer() const;

    private:
        std::shared_ptr<Pending> pending_;
    };

    // Asks DNS only, never /etc/hosts, for exactly this name: no search list.
    Question ask(const std::string& name, Family family);

private:
    std::shared_ptr<Channel> channel_;  // shared with handlers that look whether it still lives
};

// True if an answer of this size may have been cut at DNS' limit of 65,535 bytes: servers exist
// that do so without saying, and without compressing names. New c-ares (1.28 on) tells only the
// size of its own compressed copy, so the size of the answer with its names in full counts as well.
// The price: a compressed answer that would just reach the limit in full is refused though it is
// whole.
bool may_be_cut(std::size_t size, std::size_t size_in_full) noexcept;

}  // namespace vrun::discovery
