// SPDX-License-Identifier: Apache-2.0
#include "launcher/options/sections.hpp"
#include "launcher/options/values.hpp"

#include <array>

namespace vrun::launcher {
namespace {

// clang-format off
constexpr std::array table{
    refused("xterm", "RANKS", openmpi,
            "there is no terminal on the other hosts; -l marks lines, --output-filename parts them"),
};
// clang-format on

}  // namespace

Section output_section() {
    return {"Output and input", table};
}

}  // namespace vrun::launcher
