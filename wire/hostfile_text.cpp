// SPDX-License-Identifier: Apache-2.0
#include "wire/hostfile_text.hpp"

#include "wire/base/escape.hpp"

namespace vrun::wire {
namespace {

// Hydra ends a host at the first colon, so an IPv6 address cannot be written for it.
const std::string& word_of(const HostEntry& host, HostfileFormat format) {
    const bool is_ipv6 = host.address.find(':') != host.address.npos;
    const bool by_name = host.address.empty() || (is_ipv6 && format == HostfileFormat::mpich);
    return by_name ? host.name : host.address;
}

std::string line_of(const std::string& host, std::uint32_t slots, HostfileFormat format) {
    switch (format) {
    case HostfileFormat::openmpi:
        return host + " slots=" + std::to_string(slots) + "\n";
    case HostfileFormat::mpich:
        return host + ":" + std::to_string(slots) + "\n";
    case HostfileFormat::plain:
    case HostfileFormat::mca:
    case HostfileFormat::prte:
    case HostfileFormat::hydra:
        break;
    }
    return host + "\n";
}

}  // namespace

std::optional<HostfileFormat> hostfile_format_of(std::string_view name) noexcept {
    if (name == "openmpi") return HostfileFormat::openmpi;
    if (name == "mpich") return HostfileFormat::mpich;
    if (name == "plain") return HostfileFormat::plain;
    if (name == "mca") return HostfileFormat::mca;
    if (name == "prte") return HostfileFormat::prte;
    if (name == "hydra") return HostfileFormat::hydra;
    return std::nullopt;
}

std::string hostfile_text(const HostList& list, HostfileFormat format) {
    std::string text;
    for (const HostEntry& host : list.hosts) {
        if (host.state != HostState::up) continue;
        text += line_of(escaped(word_of(host, format)), host.slots, format);
    }
    return text;
}

}  // namespace vrun::wire
