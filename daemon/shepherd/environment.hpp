// SPDX-License-Identifier: Apache-2.0
// daemon/shepherd/environment: the environment that a rank is started with.
// Pure. In this order, later wins: the caller's environment as vrun passed it on
// (launcher/environment); defaults that the caller may have set otherwise; the app's own (`-x`);
// who the rank is. It finds both PMI (MPICH) and PMIx (Open MPI) and takes what its library speaks.
#pragma once

#include "wire/messages/launch.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace vrun::shepherd {

struct RankPlace {  // one rank, as its node sees it
    wire::Rank rank = 0;
    std::uint32_t app = 0;
    std::uint32_t local_rank = 0;
    std::uint32_t local_size = 1;
};

struct NodeEnvironment {  // the same for all ranks of a job here
    const wire::LaunchJob& launch;
    wire::NodeIndex node = 0;
    wire::Network network;
    std::string session_directory;           // becomes TMPDIR
    std::string shm_directory;               // empty: none
    std::string host_name;                   // the kernel's; becomes HOSTNAME
    std::uint32_t cores = 1;                 // that ranks may use here
    std::vector<std::string> remedies = {};  // "NAME=VALUE": daemon/shepherd/remedies
    int pmi_fd = -1;                         // where each has its PMI server
};

// hwloc's plug-ins cost a rank up to 0.6 s and 79 MB; a caller who wants them sets
// HWLOC_COMPONENTS.
inline constexpr std::string_view hwloc_components =
    "-opencl,-cuda,-nvml,-rsmi,-levelzero,-gl,-pci,-linuxio";

// `pmix` is what the PMIx server wants the rank to know. Sorted by name, no name twice.
std::vector<std::string> rank_environment(const NodeEnvironment& node, const RankPlace& place,
                                          const std::vector<std::string>& pmix,
                                          const std::string& workdir);

}  // namespace vrun::shepherd
