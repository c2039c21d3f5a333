// SPDX-License-Identifier: Apache-2.0
// tests/unit/discovery/dns_server: a DNS server on 127.0.0.1, UDP and TCP, on the test's own loop.
// Answers come from a table of (name, family). What does not fit into the asker's UDP size is
// truncated, as real servers do. It lives until stop() was called and joined.
#pragma once

#include "discovery/resolver.hpp"
#include "wire/base/task_group.hpp"

#include <gtest/gtest.h>
#include <asio/ip/tcp.hpp>
#include <asio/ip/udp.hpp>
#include <asio/read.hpp>
#include <asio/use_awaitable.hpp>
#include <asio/write.hpp>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace vrun::test {

class DnsServer {
public:
    enum class Names { compressed, in_full };
    struct Reply {
        int code = 0;  // NOERROR
        // Addresses 10.1.0.0, 10.1.0.1, … or fd00::1:0 …, or services of n0 at port 7200, n1 …
        std::size_t count = 0;
        bool silent = false;
        Names names = Names::compressed;
    };
    static constexpr int nxdomain = 3, servfail = 2, refused = 5;

    explicit DnsServer(asio::any_io_executor loop)
        : tasks_{loop, [](auto name, auto) { ADD_FAILURE() << name; }},
          acceptor_{loop, {asio::ip::address_v4::loopback(), 0}},
          udp_{loop, {asio::ip::address_v4::loopback(), acceptor_.local_endpoint().port()}} {
        tasks_.spawn("udp", serve_udp());
        tasks_.spawn("tcp", serve_tcp());
    }

    void set(const std::string& name, discovery::Record family, Reply reply) {
        replies_[{name, family}] = reply;
    }
    void set(const std::string& name, Reply ipv4, Reply ipv6) {
        set(name, discovery::Record::ipv4, ipv4);
        set(name, discovery::Record::ipv6, ipv6);
    }

    std::uint16_t port() const { return acceptor_.local_endpoint().port(); }
    std::string address() const { return "127.0.0.1:" + std::to_string(port()); }
    int udp_questions = 0, tcp_questions = 0;
    std::vector<std::string> asked;  // names, in the order they came
    bool saw_edns = false;
    bool drops_udp = false;

    asio::awaitable<void> stop() {
        tasks_.cancel();
        co_await tasks_.join();
    }

private:
    using Packet = std::vector<unsigned char>;

    static void put16(Packet& packet, std::size_t value) {
        packet.push_back(static_cast<unsigned char>(value >> 8));
        packet.push_back(static_cast<unsigned char>(value));
    }

    static discovery::Record record_of(unsigned char type) {
        if (type == 1) return discovery::Record::ipv4;
        return type == 28 ? discovery::Record::ipv6 : discovery::Record::service;
    }

    static void put_data(Packet& records, discovery::Record record, std::size_t i) {
        if (record == discovery::Record::service) {
            const std::string host = "n" + std::to_string(i);
            put16(records, 6 + host.size() + 2);
            records.insert(records.end(), {0, 0, 0, 0});  // priority, weight
            put16(records, 7200 + i);
            records.push_back(static_cast<unsigned char>(host.size()));
            records.insert(records.end(), host.begin(), host.end());
            return records.push_back(0);
        }
        const bool ipv4 = record == discovery::Record::ipv4;
        put16(records, ipv4 ? 4 : 16);
        if (ipv4)
            records.insert(records.end(), {10, static_cast<unsigned char>(1 + (i >> 16))});
        else
            records.insert(records.end(), {0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1});
        put16(records, i);
    }

    // The reply to a question; empty if there is none.
    Packet reply_to(const Packet& question, std::size_t size_max) {
        std::string name;
        std::size_t at = 12;
        while (question.at(at) != 0) {
            if (!name.empty()) name += '.';
            name.append(question.begin() + static_cast<long>(at) + 1,
                        question.begin() + static_cast<long>(at) + 1 + question[at]);
            at += question[at] + 1u;
        }
        const Packet raw_name(question.begin() + 12, question.begin() + static_cast<long>(at) + 1);
        const discovery::Record record = record_of(question.at(at + 2));
        const bool edns = question.at(11) == 1;
        saw_edns |= edns;
        if (edns && size_max == 512) size_max = question.at(at + 8) * 256u + question.at(at + 9);
        asked.push_back(name);
        const auto found = replies_.find({name, record});
        const Reply reply = found == replies_.end() ? Reply{nxdomain} : found->second;
        if (reply.silent) return {};
        Packet records;
        for (std::size_t i = 0; i < reply.count; ++i) {
            if (reply.names == Names::in_full)
                records.insert(records.end(), raw_name.begin(), raw_name.end());
            else
                records.insert(records.end(), {0xc0, 0x0c});
            records.insert(records.end(), {0, question.at(at + 2), 0, 1, 0, 0, 2, 88});
            put_data(records, record, i);
        }
        Packet packet(question.begin(), question.begin() + static_cast<long>(at) + 5);
        const bool cut = packet.size() + records.size() > size_max;
        packet[2] = cut ? 0x83 : 0x81;
        packet[3] = static_cast<unsigned char>(0x80 | reply.code);
        const std::size_t count = cut ? 0 : reply.count;
        packet[6] = static_cast<unsigned char>(count >> 8);
        packet[7] = static_cast<unsigned char>(count);
        packet[8] = packet[9] = packet[10] = packet[11] = 0;
        if (!cut) packet.insert(packet.end(), records.begin(), records.end());
        return packet;
    }

    asio::awaitable<void> serve_udp() {
        for (;;) {
            Packet question(4096);
            asio::ip::udp::endpoint peer;
            const auto into = asio::buffer(question);
            question.resize(co_await udp_.async_receive_from(into, peer, asio::use_awaitable));
            ++udp_questions;
            if (drops_udp) continue;
            const Packet reply = reply_to(question, 512);
            if (!reply.empty()) udp_.send_to(asio::buffer(reply), peer);
        }
    }

    asio::awaitable<void> serve_tcp() {
        for (;;) {
            auto socket = co_await acceptor_.async_accept(asio::use_awaitable);
            tasks_.spawn("connection", serve_connection(std::move(socket)));
        }
    }

    asio::awaitable<void> serve_connection(asio::ip::tcp::socket socket) {
        try {
            for (;;) {
                Packet size(2);
                const auto size_into = asio::buffer(size);
                co_await asio::async_read(socket, size_into, asio::use_awaitable);
                Packet question(size[0] * 256u + size[1]);
                const auto into = asio::buffer(question);
                co_await asio::async_read(socket, into, asio::use_awaitable);
                ++tcp_questions;
                const Packet reply = reply_to(question, 65'535);
                if (reply.empty()) continue;
                Packet framed;
                put16(framed, reply.size());
                framed.insert(framed.end(), reply.begin(), reply.end());
                const auto out = asio::buffer(framed);
                co_await asio::async_write(socket, out, asio::use_awaitable);
            }
        } catch (const std::system_error& error) {
            if (error.code() == asio::error::operation_aborted) throw;
        }
    }

    TaskGroup tasks_;
    asio::ip::tcp::acceptor acceptor_;
    asio::ip::udp::socket udp_;
    std::map<std::pair<std::string, discovery::Record>, Reply> replies_;
};

}  // namespace vrun::test
