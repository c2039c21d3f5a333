// SPDX-License-Identifier: Apache-2.0
#include "wire/contact_uri.hpp"

namespace vrun::wire {

std::uint64_t contact_number(JobId job) {
    return (job % 0xfffe + 1) << 16;  // 16 bits, neither 0 nor all ones
}

std::string contact_uri(JobId job, std::span<const JobNode> nodes, NodeIndex node) {
    const JobNode& there = nodes[node];
    const bool is_v6 = there.address.find(':') != std::string::npos;
    const std::string address = there.address.empty() ? "127.0.0.1" : there.address;
    return std::to_string(contact_number(job)) + '.' + std::to_string(node) + ';' +
           (is_v6 ? "tcp6://[" + address + ']' : "tcp://" + address) + ':' +
           std::to_string(there.port == 0 ? 1 : there.port);
}

}  // namespace vrun::wire
