// SPDX-License-Identifier: Apache-2.0
// wire/network_text: the network between nodes, told to launchers and libraries that by themselves
// would try interfaces that lead nowhere: Open MPI 4, Open MPI 5 with PRRTE, Hydra, UCX and others.
// Pure. An interface may have another name on another node, a network has not.
#pragma once

#include "wire/messages/launch.hpp"

#include <array>
#include <string>
#include <string_view>
#include <vector>

namespace vrun::wire {

// Of libraries that want the interface's name, on the node where it has it.
inline constexpr std::array<std::string_view, 4> interface_variables{
    "UCX_NET_DEVICES", "FI_TCP_IFACE", "NCCL_SOCKET_IFNAME", "GLOO_SOCKET_IFNAME"};

// "NAME=value", for a launcher, its daemons and ranks on this node; none if nothing is known.
std::vector<std::string> network_variables(const Network& network);

// MCA parameter files, of Open MPI 4 and 5 and of PRRTE, which is the launcher of Open MPI 5 and
// does not like the names of the others. Empty if nothing is known.
std::string mca_parameters(const Network& network);
std::string prte_parameters(const Network& network);

// A configuration file of Hydra's mpiexec; empty if nothing is known.
std::string hydra_options(const Network& network);

}  // namespace vrun::wire
