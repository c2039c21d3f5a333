// SPDX-License-Identifier: Apache-2.0
// wire/hostfile_text: the hosts of a cluster as the launchers that read hostfiles want them.
// Those that take ranks, by address, since names of containers rarely resolve elsewhere. Pure.
#pragma once

#include "wire/messages/hosts.hpp"

#include <optional>
#include <string_view>

namespace vrun::wire {

enum class HostfileFormat : std::uint8_t {
    openmpi,  // HOST slots=N
    mpich,    // HOST:N; one with an IPv6 address by name
    plain,    // HOST
    mca,      // no hosts, but the network between them: wire/network_text
    prte,     // the same
    hydra,    // the same
};

std::optional<HostfileFormat> hostfile_format_of(std::string_view name) noexcept;

// A line for each host; empty if none takes ranks.
std::string hostfile_text(const HostList& list, HostfileFormat format);

}  // namespace vrun::wire
