// SPDX-License-Identifier: Apache-2.0
// pmix/topology: this node's hardware, for libpmix and the ranks.
// hwloc's plug-ins for accelerators take up to 0.6 s and 70 MB to load, so they stay out.
// Not seen outside pmix/.
#pragma once

#include "wire/base/handle.hpp"

#include <hwloc.h>
#include <string>

namespace vrun::pmix {

using Topology = Handle<hwloc_topology, hwloc_topology_destroy>;

void restrict_hwloc();  // in the environment of this process

// From `xml` (of this node, by hwloc), or anew if that is empty or hwloc cannot read it.
// Throws std::system_error.
Topology load_topology(const std::string& xml);

}  // namespace vrun::pmix
