// SPDX-License-Identifier: Apache-2.0
#include "discovery/errors.hpp"

#include <string>

namespace vrun::discovery {
namespace {

const char* dns_text_of(Errc value) noexcept {
    switch (value) {
    case Errc::no_such_name:
        return "no such name (NXDOMAIN)";
    case Errc::no_address:
        return "the name exists but has no address (NODATA)";
    case Errc::no_service:
        return "the name exists but has no service (no SRV record)";
    case Errc::server_failed:
        return "the DNS server failed (SERVFAIL)";
    case Errc::server_refused:
        return "the DNS server refused to answer (REFUSED)";
    case Errc::no_server:
        return "no DNS server could be reached, or each one failed or refused";
    case Errc::timed_out:
        return "the DNS server did not answer in time";
    case Errc::bad_answer:
        return "the DNS server's answer makes no sense";
    case Errc::partial_answer:
        return "the DNS answer fills its limit of 64 KiB, so hosts may be missing from it; spread "
               "them over several services and list each as a source";
    default:
        return "unknown error";
    }
}

const char* text_of(Errc value) noexcept {
    switch (value) {
    case Errc::bad_host_name:
        return "not a host name (letters, digits, '-', '_', '.') or IP address";
    case Errc::bad_slots:
        return "not a number of slots (1 or more)";
    case Errc::bad_port:
        return "not a port (1 to 65535)";
    case Errc::too_many_slots:
        return "more slots than a host can have";
    case Errc::slots_above_max:
        return "more slots than its max_slots";
    case Errc::unknown_keyword:
        return "unknown; a line is 'host slots=N max_slots=M port=P' or 'host:N'";
    case Errc::given_twice:
        return "given twice for one host";
    case Errc::no_value:
        return "a keyword needs '=' and a value";
    case Errc::ipv6_without_brackets:
        return "not an IPv6 address; with slots it is written in brackets: [fe80::1]:4";
    case Errc::relative_node:
        return "relative and excluded nodes (+n, ^host) are not supported";
    case Errc::no_hosts:
        return "names no host";
    case Errc::unknown_source:
        return "unknown kind of source; known are dns:NAME[:PORT], srv:NAME, slurm:, "
               "hosts:A,B:SLOTS and "
               "file:PATH";
    case Errc::address_in_dns:
        return "an IP address has no DNS name; write hosts: instead of dns:";
    case Errc::bad_slurm_list:
        return "not a list of nodes as Slurm writes it: node[1-3,07],other";
    case Errc::bad_slurm_counts:
        return "not one number for each node as Slurm writes it: 2(x3),1";
    case Errc::no_slurm:
        return "not set: this daemon was not started in a Slurm allocation";
    case Errc::slurm_with_name:
        return "nothing follows slurm:, the allocation is in the environment";
    case Errc::too_many_hosts:
        return "more hosts than fit into 256 MiB";
    case Errc::not_a_file:
        return "not a regular file";
    case Errc::file_too_long:
        return "too long for a list of hosts (64 MiB)";
    default:
        return dns_text_of(value);
    }
}

class Category final : public std::error_category {
public:
    const char* name() const noexcept override { return "discovery"; }
    std::string message(int value) const override { return text_of(static_cast<Errc>(value)); }
};

}  // namespace

std::error_code make_error_code(Errc value) noexcept {
    static const Category category;
    return {static_cast<int>(value), category};
}

}  // namespace vrun::discovery
