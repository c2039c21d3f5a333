// SPDX-License-Identifier: Apache-2.0
// The parsers of answers are deprecated in new c-ares; old c-ares has no others.
#define CARES_NO_DEPRECATED
#include "discovery/dns_answer.hpp"

#include "discovery/errors.hpp"
#include "wire/base/handle.hpp"

#include <ares.h>
#include <arpa/nameser.h>
#include <netdb.h>
#include <asio/error.hpp>
#include <cstring>

namespace vrun::discovery {
namespace {

constexpr std::size_t answer_size_max = 65'535;
constexpr std::size_t cut_margin = 512;

using HostEnt = Handle<hostent, ares_free_hostent>;

// c-ares frees its lists as void*.
void free_services(ares_srv_reply* list) noexcept {
    ares_free_data(list);
}
using ServiceList = Handle<ares_srv_reply, free_services>;

template <class Address>
Addresses addresses_of(const hostent& host) {
    Addresses result;
    typename Address::bytes_type bytes;
    if (static_cast<std::size_t>(host.h_length) != bytes.size()) return result;
    for (char** entry = host.h_addr_list; *entry; ++entry) {
        std::memcpy(bytes.data(), *entry, bytes.size());
        result.emplace_back(Address{bytes});
    }
    return result;
}

// Of an answer that repeats the name in every record, as servers do that do not compress.
std::size_t size_in_full(std::size_t name_size, std::size_t count, Record record) noexcept {
    const std::size_t name = name_size + 2;
    const std::size_t address = record == Record::ipv4 ? 4 : 16;
    return NS_HFIXEDSZ + name + NS_QFIXEDSZ + count * (name + NS_RRFIXEDSZ + address);
}

Resolver::Answer addresses_in(const unsigned char* data, int size, Record record,
                              std::size_t name_size) {
    hostent* raw = nullptr;
    const bool ipv4 = record == Record::ipv4;
    const int status = ipv4 ? ares_parse_a_reply(data, size, &raw, nullptr, nullptr)
                            : ares_parse_aaaa_reply(data, size, &raw, nullptr, nullptr);
    const HostEnt host{raw};
    if (status != ARES_SUCCESS) return {dns_error_of(status), {}, {}};
    Addresses found = ipv4 ? addresses_of<asio::ip::address_v4>(*host)
                           : addresses_of<asio::ip::address_v6>(*host);
    if (found.empty()) return {Errc::no_address, {}, {}};
    if (may_be_cut(static_cast<std::size_t>(size), size_in_full(name_size, found.size(), record)))
        return {Errc::partial_answer, {}, {}};
    return {{}, std::move(found), {}};
}

// A target of "." says that there is decidedly no such service (RFC 2782).
Resolver::Answer services_in(const unsigned char* data, int size, std::size_t name_size) {
    ares_srv_reply* raw = nullptr;
    const int status = ares_parse_srv_reply(data, size, &raw);
    const ServiceList list{raw};
    if (status != ARES_SUCCESS) return {dns_error_of(status), {}, {}};
    std::vector<Service> found;
    std::size_t size_in_full = NS_HFIXEDSZ + name_size + 2 + NS_QFIXEDSZ;
    for (const ares_srv_reply* one = list.get(); one; one = one->next) {
        std::string host = one->host;
        size_in_full += name_size + 2 + NS_RRFIXEDSZ + 6 + host.size() + 2;
        if (host.ends_with('.')) host.pop_back();
        if (!host.empty()) found.push_back({std::move(host), one->port});
    }
    if (found.empty()) return {Errc::no_service, {}, {}};
    if (may_be_cut(static_cast<std::size_t>(size), size_in_full))
        return {Errc::partial_answer, {}, {}};
    return {{}, {}, std::move(found)};
}

}  // namespace

std::error_code dns_error_of(int status) noexcept {
    switch (status) {
    case ARES_SUCCESS:
        return {};
    case ARES_ENODATA:
        return Errc::no_address;
    case ARES_ENOTFOUND:
        return Errc::no_such_name;
    case ARES_ESERVFAIL:
        return Errc::server_failed;
    case ARES_EREFUSED:
        return Errc::server_refused;
    case ARES_ECONNREFUSED:
        return Errc::no_server;  // old c-ares: also after SERVFAIL and REFUSED
    case ARES_ETIMEOUT:
        return Errc::timed_out;
    case ARES_EBADNAME:
        return Errc::bad_host_name;
    case ARES_ENOMEM:
        return std::make_error_code(std::errc::not_enough_memory);
    case ARES_ECANCELLED:
    case ARES_EDESTRUCTION:
        return asio::error::operation_aborted;
    default:
        return Errc::bad_answer;
    }
}

Resolver::Answer dns_answer_of(const unsigned char* data, int size, Record record,
                               std::size_t name_size) {
    return record == Record::service ? services_in(data, size, name_size)
                                     : addresses_in(data, size, record, name_size);
}

bool is_truncated(const unsigned char* data, int size) noexcept {
    constexpr unsigned char truncated = 0x02;  // TC, in the third byte
    return data && size >= NS_HFIXEDSZ && (data[2] & truncated) != 0;
}

bool may_be_cut(std::size_t size, std::size_t size_in_full) noexcept {
    const auto near_limit = [](std::size_t bytes) {
        return bytes <= answer_size_max && bytes + cut_margin >= answer_size_max;
    };
    return near_limit(size) || near_limit(size_in_full);
}

}  // namespace vrun::discovery
