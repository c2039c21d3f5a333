// SPDX-License-Identifier: Apache-2.0
// daemon/topology: this machine's hwloc topology, for every shepherd, read once.
// Kept as XML in a sealed memfd; hwloc's own memory and plug-ins are gone again after that.
// The first call blocks for about 5 ms; a machine's topology is taken not to change.
#pragma once

#include "process/machine.hpp"
#include "wire/base/fd.hpp"

namespace vrun::daemon {

class Topology {
public:
    // The XML (no zero at its end), read-only, at its start and with a position of its own, so
    // that shepherds do not move each other's. Throws std::system_error.
    UniqueFd open();

    // Throws std::system_error.
    std::string text();

    // What ranks are bound to; null when hwloc cannot read its own text.
    const process::Machine* machine();

private:
    void load();

    UniqueFd xml_;
    std::optional<process::Machine> machine_;
};

}  // namespace vrun::daemon
