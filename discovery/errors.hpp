// SPDX-License-Identifier: Apache-2.0
// discovery/errors: why a source, a host list or a name gives no hosts.
// One category ("discovery") whose texts end a sentence that names the source, file, line or host.
// c-ares' own codes are translated in the resolver and go no further.
#pragma once

#include <system_error>

namespace vrun::discovery {

enum class Errc {
    // words and hostfiles
    bad_host_name = 1,
    bad_slots,
    bad_port,
    too_many_slots,
    slots_above_max,
    unknown_keyword,
    given_twice,
    no_value,
    ipv6_without_brackets,
    relative_node,
    no_hosts,
    unknown_source,
    address_in_dns,
    bad_slurm_list,
    bad_slurm_counts,
    no_slurm,
    slurm_with_name,
    too_many_hosts,
    not_a_file,
    file_too_long,
    // DNS
    no_such_name,
    no_address,
    no_service,
    server_failed,
    server_refused,
    no_server,
    timed_out,
    bad_answer,
    partial_answer,
};
std::error_code make_error_code(Errc value) noexcept;

}  // namespace vrun::discovery

template <>
struct std::is_error_code_enum<vrun::discovery::Errc> : std::true_type {};
