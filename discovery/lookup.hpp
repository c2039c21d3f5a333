// SPDX-License-Identifier: Apache-2.0
// discovery/lookup: turns sources and names into addresses to dial.
// A result is a full list or an Error that names source and reason, never a part taken for the
// whole: A and AAAA are asked and judged apart, and one that fails spoils the answer.
#pragma once

#include "discovery/file_watch.hpp"
#include "discovery/resolver.hpp"
#include "discovery/slurm.hpp"
#include "discovery/source.hpp"
#include "discovery/system_files.hpp"
#include "wire/base/result.hpp"

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>
#include <asio/ip/address.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace vrun::discovery {

// One address to try. A name with several addresses gives several candidates.
struct Candidate {
    std::string name;  // as listed; empty for answers of dns:
    asio::ip::address address;
    std::uint16_t port = default_port;
    std::uint32_t slots = 0;  // 0: not given
    bool has_port = false;    // the list named its port

    friend bool operator==(const Candidate&, const Candidate&) = default;
};

struct LookupOptions {
    ResolverOptions dns;  // whose resolv_conf also gives the search list; read when it changed
    std::string hosts_file = "/etc/hosts";
    std::uint16_t port = default_port;  // of hosts for which none is given
    Variable variable;                  // of slurm:; the process' own environment if not set
};

class Lookup {
public:
    // Throws std::system_error.
    explicit Lookup(asio::any_io_executor loop, LookupOptions options = {});

    // The source's hosts now. Nothing is cached. Outlive the call, or cancel it first.
    asio::awaitable<Result<std::vector<Candidate>>> candidates(Source source);

    // The same for a parsed --host or hostfile. `origin` begins the errors: "--host".
    asio::awaitable<Result<std::vector<Candidate>>> candidates(std::vector<HostEntry> hosts,
                                                               std::string origin);

    // Each of them by itself, in their order. `on_ask` hears of names that wait for DNS.
    using OnAsk = std::function<void(const std::string& name)>;
    asio::awaitable<std::vector<Result<std::vector<Candidate>>>> candidates_of_each(
        std::vector<HostEntry> hosts, std::string origin, OnAsk on_ask = {});

    // A name as people type it: an IP address, else /etc/hosts, else DNS. Not empty.
    asio::awaitable<Result<Addresses>> resolve_host(std::string name);

private:
    // As resolv.conf was when it was read. Whoever asks shares it: when that file changes,
    // questions under way end where they were asked.
    struct Dns {
        FileLook read;
        Resolver resolver;
        std::vector<std::string> search;
    };
    using DnsPointer = std::shared_ptr<Dns>;
    struct Asked {  // one name, both families under way
        std::string name;
        DnsPointer dns;
        Resolver::Question ipv4, ipv6;
    };
    struct Started {  // a name that people typed: known already, or asked for
        std::string name;
        Addresses known;
        std::optional<Asked> asked;
    };
    static DnsPointer read_dns(asio::any_io_executor loop, const ResolverOptions& options);
    static Asked ask(std::string name, DnsPointer dns);
    static Started start(std::string name, const HostsFile& hosts, const DnsPointer& dns);
    const DnsPointer& current_dns();
    HostsFile read_hosts_file() const;
    asio::awaitable<Result<Addresses>> finish(Started started);
    asio::awaitable<Result<Addresses>> from_dns(Asked first);
    enum class Errors { pass, end };  // whether the first one ends the list of results
    asio::awaitable<std::vector<Result<std::vector<Candidate>>>> look_up_each(
        std::vector<HostEntry> hosts, std::string origin, Errors errors, OnAsk on_ask);
    asio::awaitable<Result<std::vector<Candidate>>> dns_candidates(Source source);
    asio::awaitable<Result<std::vector<Service>>> services(std::string name);
    asio::awaitable<Result<std::vector<Candidate>>> srv_candidates(Source source,
                                                                   std::string origin);
    asio::awaitable<Result<std::vector<Candidate>>> slurm_candidates(std::string origin);
    asio::awaitable<Result<std::vector<Candidate>>> file_candidates(std::string path,
                                                                    std::string origin);

    asio::any_io_executor loop_;
    ResolverOptions dns_options_;
    DnsPointer dns_;
    std::string hosts_file_;
    std::uint16_t port_;
    Variable variable_;
};

}  // namespace vrun::discovery
