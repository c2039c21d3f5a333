// SPDX-License-Identifier: Apache-2.0
#include "discovery/lookup.hpp"

#include "discovery/errors.hpp"
#include "wire/base/escape.hpp"

#include <strings.h>
#include <cstdlib>
#include <deque>

namespace vrun::discovery {
namespace {

using Candidates = std::vector<Candidate>;
using Answer = Resolver::Answer;

constexpr std::size_t system_file_size_max = 64u << 20;
constexpr std::size_t origin_size_max = 200;
constexpr std::size_t names_at_once = 64;  // asked before the first is answered

bool is_absence(std::error_code error) {
    return error == Errc::no_such_name || error == Errc::no_address || error == Errc::no_service;
}

// What both families together say about one name.
struct Verdict {
    Result<Addresses> found;
    bool is_final;  // no other spelling of the name is worth a try
};

Verdict judge(const std::string& name, const Answer& ipv4, const Answer& ipv6) {
    const std::string shown = escaped(name);
    for (const Answer* answer : {&ipv4, &ipv6}) {
        if (!answer->error || is_absence(answer->error)) continue;
        const bool is_final = !ipv4.addresses.empty() || !ipv6.addresses.empty() ||
                              answer->error == Errc::timed_out ||
                              answer->error == Errc::partial_answer;
        const char* record = answer == &ipv4 ? " (A records)" : " (AAAA records)";
        return {Error{answer->error, shown + record}, is_final};
    }
    Addresses all = ipv4.addresses;
    all.insert(all.end(), ipv6.addresses.begin(), ipv6.addresses.end());
    if (!all.empty()) return {std::move(all), true};
    const bool exists = ipv4.error == Errc::no_address || ipv6.error == Errc::no_address;
    return {Error{exists ? Errc::no_address : Errc::no_such_name, shown}, false};
}

std::vector<std::string> search_list(const std::string& path) {
    const auto text = read_text_file(path, system_file_size_max, path);
    return text ? search_list_of(*text) : std::vector<std::string>{};
}

Candidates candidates_at(const Addresses& found, const HostEntry& host, std::uint16_t port) {
    const bool has_port = host.port != 0;
    Candidates all;
    for (const asio::ip::address& address : found)
        all.push_back({host.name, address, has_port ? host.port : port, host.slots, has_port});
    return all;
}

std::optional<std::string> own_variable(const char* name) {
    const char* const value = std::getenv(name);
    return value ? std::optional<std::string>{value} : std::nullopt;
}

std::string doing_of(const std::string& origin, const HostEntry& host) {
    return origin + (host.line != 0 ? ", line " + std::to_string(host.line) : std::string{});
}

}  // namespace

Lookup::Lookup(asio::any_io_executor loop, LookupOptions options)
    : loop_{loop},
      dns_options_{std::move(options.dns)},
      dns_{read_dns(loop_, dns_options_)},
      hosts_file_{std::move(options.hosts_file)},
      port_{options.port},
      variable_{options.variable ? std::move(options.variable) : own_variable} {}

Lookup::DnsPointer Lookup::read_dns(asio::any_io_executor loop, const ResolverOptions& options) {
    const FileLook before = look_at(options.resolv_conf);  // what changes meanwhile is read again
    return std::make_shared<Dns>(
        Dns{before, Resolver{loop, options}, search_list(options.resolv_conf)});
}

// A daemon may start before DHCP wrote the file, and its container may join another network.
const Lookup::DnsPointer& Lookup::current_dns() {
    if (look_at(dns_options_.resolv_conf) != dns_->read) dns_ = read_dns(loop_, dns_options_);
    return dns_;
}

Lookup::Asked Lookup::ask(std::string name, DnsPointer dns) {
    auto ipv4 = dns->resolver.ask(name, Record::ipv4);
    auto ipv6 = dns->resolver.ask(name, Record::ipv6);
    return {std::move(name), std::move(dns), std::move(ipv4), std::move(ipv6)};
}

// The name as given, then with each domain of the search list. A domain's complete answer counts
// even after a failure before it: without a way out, the DNS server of an air-gapped Kubernetes
// fails for "workers.ns.svc" and knows "workers.ns.svc.cluster.local".
asio::awaitable<Result<Addresses>> Lookup::from_dns(Asked first) {
    std::optional<Error> reported;
    Asked asked = std::move(first);
    const std::string name = asked.name;
    for (std::size_t i = 0;; ++i) {
        const Answer ipv4 = co_await asked.ipv4.answer();
        const Answer ipv6 = co_await asked.ipv6.answer();
        Verdict verdict = judge(asked.name, ipv4, ipv6);
        if (verdict.found || verdict.is_final) co_return std::move(verdict.found);
        // Of several errors a failure says more than an absence, and the first says most.
        const Error& error = verdict.found.error();
        if (!reported || (is_absence(reported->code) && !is_absence(error.code))) reported = error;
        const DnsPointer dns = asked.dns;
        if (i == dns->search.size() || name.ends_with('.')) co_return *reported;
        asked = ask(name + '.' + dns->search[i], dns);
    }
}

Lookup::Started Lookup::start(std::string name, const HostsFile& hosts, const DnsPointer& dns) {
    std::error_code not_literal;
    const auto literal = asio::ip::make_address(name, not_literal);
    if (!not_literal) return {std::move(name), {literal}, {}};
    if (const auto* known = hosts.find(name)) return {std::move(name), *known, {}};
    if (::strcasecmp(name.c_str(), "localhost") == 0)  // RFC 6761: never asked for
        return {std::move(name),
                {asio::ip::address_v4::loopback(), asio::ip::address_v6::loopback()},
                {}};
    if (!is_host_name(name)) return {std::move(name), {}, {}};
    std::optional<Asked> asked = ask(name, dns);
    return {std::move(name), {}, std::move(asked)};
}

// Many containers have no such file: that is an empty one.
HostsFile Lookup::read_hosts_file() const {
    const auto text = read_text_file(hosts_file_, system_file_size_max, hosts_file_);
    return HostsFile{text ? std::string_view{*text} : std::string_view{}};
}

asio::awaitable<Result<Addresses>> Lookup::finish(Started started) {
    if (!started.known.empty()) co_return std::move(started.known);
    if (!started.asked) co_return Error{Errc::bad_host_name, escaped(started.name)};
    Asked asked = std::move(*started.asked);
    co_return co_await from_dns(std::move(asked));
}

asio::awaitable<Result<Addresses>> Lookup::resolve_host(std::string name) {
    Started started = start(std::move(name), read_hosts_file(), current_dns());
    Result<Addresses> found = co_await finish(std::move(started));
    if (!found) co_return Error{found.error().code, "host " + found.error().doing};
    co_return found;
}

asio::awaitable<std::vector<Result<Candidates>>> Lookup::look_up_each(std::vector<HostEntry> hosts,
                                                                      std::string origin,
                                                                      Errors errors, OnAsk on_ask) {
    const HostsFile file = read_hosts_file();
    const DnsPointer dns = current_dns();
    std::deque<Started> started;
    std::size_t next = 0;
    std::vector<Result<Candidates>> results;
    for (const HostEntry& host : hosts) {
        for (; next < hosts.size() && started.size() < names_at_once; ++next)
            started.push_back(start(hosts[next].name, file, dns));
        Started first = std::move(started.front());
        started.pop_front();
        if (first.asked && on_ask) on_ask(host.name);
        const Result<Addresses> found = co_await finish(std::move(first));
        if (found)
            results.emplace_back(candidates_at(*found, host, port_));
        else
            results.emplace_back(
                Error{found.error().code, doing_of(origin, host) + ": " + found.error().doing});
        if (!found && errors == Errors::end) break;
    }
    co_return results;
}

asio::awaitable<std::vector<Result<Candidates>>> Lookup::candidates_of_each(
    std::vector<HostEntry> hosts, std::string origin, OnAsk on_ask) {
    return look_up_each(std::move(hosts), std::move(origin), Errors::pass, std::move(on_ask));
}

asio::awaitable<Result<Candidates>> Lookup::candidates(std::vector<HostEntry> hosts,
                                                       std::string origin) {
    if (hosts.empty()) co_return Error{Errc::no_hosts, origin};
    auto looking = look_up_each(std::move(hosts), std::move(origin), Errors::end, {});
    const std::vector<Result<Candidates>> each = co_await std::move(looking);
    Candidates all;
    for (const Result<Candidates>& one : each) {
        if (!one) co_return one.error();
        all.insert(all.end(), one->begin(), one->end());
    }
    co_return all;
}

asio::awaitable<Result<Candidates>> Lookup::dns_candidates(Source source) {
    Asked asked = ask(source.name, current_dns());
    const Result<Addresses> found = co_await from_dns(std::move(asked));
    if (!found) {
        const Error& error = found.error();
        const std::string shown = escaped(source.text);
        const bool same = error.doing == escaped(source.name);
        co_return Error{error.code, same ? shown : shown + ": " + error.doing};
    }
    HostEntry nameless;
    nameless.port = source.port;
    co_return candidates_at(*found, nameless, port_);
}

asio::awaitable<Result<Candidates>> Lookup::candidates(Source source) {
    const bool is_long = source.text.size() > origin_size_max;
    const std::string origin =
        escaped(source.text.substr(0, origin_size_max)) + (is_long ? "…" : "");
    switch (source.kind) {
    case Source::Kind::dns:
        return dns_candidates(std::move(source));
    case Source::Kind::srv:
        return srv_candidates(std::move(source), origin);
    case Source::Kind::slurm:
        return slurm_candidates(origin);
    case Source::Kind::hosts:
        return candidates(std::move(source.hosts), origin);
    case Source::Kind::file:
        break;
    }
    return file_candidates(std::move(source.name), origin);
}

// The name as given, then with each domain of the search list, as for addresses.
asio::awaitable<Result<std::vector<Service>>> Lookup::services(std::string name) {
    const DnsPointer dns = current_dns();
    std::optional<Error> reported;
    std::string asked = name;
    for (std::size_t i = 0;; ++i) {
        const Resolver::Question question = dns->resolver.ask(asked, Record::service);
        Answer answer = co_await question.answer();
        if (!answer.error) co_return std::move(answer.services);
        if (answer.error == Errc::no_address) answer.error = Errc::no_service;
        const Error error{answer.error, escaped(asked)};
        const bool is_final = error.code == Errc::timed_out || error.code == Errc::partial_answer;
        if (is_final || !reported || (is_absence(reported->code) && !is_absence(error.code)))
            reported = error;
        if (is_final || i == dns->search.size() || name.ends_with('.')) co_return *reported;
        asked = name + '.' + dns->search[i];
    }
}

asio::awaitable<Result<Candidates>> Lookup::srv_candidates(Source source, std::string origin) {
    auto asking = services(source.name);
    auto found = co_await std::move(asking);
    if (!found) co_return Error{found.error().code, origin + ": " + found.error().doing};
    std::vector<HostEntry> hosts;
    for (Service& service : *found) {
        HostEntry host;
        host.name = std::move(service.host);
        host.port = service.port;
        hosts.push_back(std::move(host));
    }
    auto listed = candidates(std::move(hosts), std::move(origin));
    co_return co_await std::move(listed);
}

asio::awaitable<Result<Candidates>> Lookup::slurm_candidates(std::string origin) {
    auto hosts = slurm_hosts(variable_);
    if (!hosts) co_return Error{hosts.error().code, origin + ": " + hosts.error().doing};
    auto listed = candidates(std::move(*hosts), std::move(origin));
    co_return co_await std::move(listed);
}

asio::awaitable<Result<Candidates>> Lookup::file_candidates(std::string path, std::string origin) {
    const auto text = read_text_file(path, hostfile_size_max, origin);
    if (!text) co_return text.error();
    auto hosts = parse_hostfile(*text, path);
    if (!hosts) co_return hosts.error();
    auto listed = candidates(std::move(*hosts), std::move(origin));
    co_return co_await std::move(listed);
}

}  // namespace vrun::discovery
