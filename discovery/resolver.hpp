// SPDX-License-Identifier: Apache-2.0
// discovery/resolver: DNS questions on our loop, through c-ares, which stays in the source file.
// c-ares owns the sockets; we only tell it which one became ready. Where UDP is silent, TCP is
// asked, first from then on. One kind of record per question: for "any", c-ares calls half an
// answer a success. Idle, it has no socket and no timer.
#pragma once

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>
#include <asio/ip/address.hpp>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <system_error>
#include <vector>

namespace vrun::discovery {

using Addresses = std::vector<asio::ip::address>;
enum class Record { ipv4, ipv6, service };  // A, AAAA, SRV

struct Service {       // one SRV record
    std::string host;  // a name, without a dot at its end
    std::uint16_t port = 0;

    friend bool operator==(const Service&, const Service&) = default;
};

struct ResolverOptions {
    std::string servers;  // "127.0.0.1:5353,[::1]:53"; empty: those of resolv_conf
    std::string resolv_conf = "/etc/resolv.conf";
    std::uint16_t port = 53;                  // of servers that name none
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
        // In the order DNS gave them; what was asked for is not empty without an error.
        Addresses addresses;
        std::vector<Service> services;
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
    Question ask(const std::string& name, Record record);

private:
    std::shared_ptr<Channel> channel_;  // shared with handlers that look whether it still lives
};

}  // namespace vrun::discovery
