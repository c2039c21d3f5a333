// SPDX-License-Identifier: Apache-2.0
// daemon/network: the network that reached another node, in the words that ranks understand.
// The local address of a connection that works names the interface; nobody has to.
// Addresses are text, of either family; 127.x.y.z are several nodes pretended on one machine.
#pragma once

#include "wire/messages/launch.hpp"

#include <span>
#include <string>
#include <vector>

namespace vrun::daemon {

struct Interface {  // one address of one interface
    std::string name;
    std::string address;  // "10.1.2.3", "fe80::1"
    unsigned prefix_length = 0;
};

// `local` is the local address of a connection, perhaps with a zone ("fe80::1%eth0") or IPv4 in
// IPv6 clothes. What is not known stays empty; so does the CIDR of a link-local address, which
// is the same on every interface.
wire::Network network_of(const std::string& local, std::span<const Interface> interfaces);

// Of this machine. Throws std::system_error.
std::vector<Interface> own_interfaces();

}  // namespace vrun::daemon
