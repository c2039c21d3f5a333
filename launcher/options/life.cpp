// SPDX-License-Identifier: Apache-2.0
#include "launcher/options/sections.hpp"
#include "launcher/options/values.hpp"

#include <array>

namespace vrun::launcher {
namespace {

// clang-format off
constexpr std::array table{
    silent("allow-run-as-root", "", openmpi, "vrun does as it is told, also as root"),
};
// clang-format on

}  // namespace

Section life_section() {
    return {"Files, failures, time", table};
}

}  // namespace vrun::launcher
