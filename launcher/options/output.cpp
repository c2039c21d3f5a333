// SPDX-License-Identifier: Apache-2.0
#include "launcher/options/sections.hpp"
#include "launcher/options/values.hpp"

#include <array>

namespace vrun::launcher {
namespace {

// clang-format off
constexpr std::array table{
    noted("stream-buffering", "0|1|2", openmpi5,
          "a process buffers its output as its library does; vrun passes on what it writes"),
    refused("xml", "", openmpi, "use --output json"),
    refused("xml-file", "FILE", openmpi, "use --output json, and > FILE"),
    refused("xterm", "RANKS", openmpi,
            "there is no terminal on the other hosts; -l marks lines, --output-filename parts "
            "them"),
};
// clang-format on

}  // namespace

Section output_section() {
    return {"Output and input", table};
}

}  // namespace vrun::launcher
