// SPDX-License-Identifier: Apache-2.0
#include "launcher/options/sections.hpp"
#include "launcher/options/values.hpp"

#include <array>

namespace vrun::launcher {
namespace {

// clang-format off
constexpr std::array table{
    noted("launch-agent", "COMMAND", openmpi, "vrund runs on each host already; nothing is started by a command"),
};
// clang-format on

}  // namespace

Section daemon_section() {
    return {"How other launchers start their daemons", table};
}

}  // namespace vrun::launcher
