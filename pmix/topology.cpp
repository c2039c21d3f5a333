// SPDX-License-Identifier: Apache-2.0
#include "pmix/topology.hpp"

#include <cerrno>
#include <cstdlib>
#include <system_error>

namespace vrun::pmix {
namespace {

Topology loaded(const std::string& xml) {
    hwloc_topology_t raw = nullptr;
    if (hwloc_topology_init(&raw) < 0) return nullptr;
    Topology topology{raw};
    if (!xml.empty()) {
        const int size = static_cast<int>(xml.size() + 1);  // with the final zero
        if (hwloc_topology_set_xmlbuffer(raw, xml.c_str(), size) < 0) return nullptr;
        if (hwloc_topology_set_flags(raw, HWLOC_TOPOLOGY_FLAG_IS_THISSYSTEM) < 0) return nullptr;
    }
    if (hwloc_topology_load(raw) < 0) return nullptr;
    return topology;
}

}  // namespace

void restrict_hwloc() {
    ::setenv("HWLOC_COMPONENTS", "-opencl,-cuda,-nvml,-rsmi,-levelzero,-gl,-pci,-linuxio",
             /*overwrite=*/1);
}

Topology load_topology(const std::string& xml) {
    Topology topology = xml.empty() ? nullptr : loaded(xml);
    if (!topology) topology = loaded("");
    if (!topology)
        throw std::system_error{errno, std::system_category(), "read the node's topology"};
    return topology;
}

}  // namespace vrun::pmix
