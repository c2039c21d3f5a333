// SPDX-License-Identifier: Apache-2.0
#include "launcher/options/sections.hpp"
#include "launcher/options/values.hpp"

#include <array>

namespace vrun::launcher {
namespace {

// clang-format off
constexpr std::array table{
    silent("allow-run-as-root", "", openmpi, "vrun does as it is told, also as root"),
    silent("disable-recovery", "", openmpi, "a job ends with its first failure"),
    silent("enable-auto-cleanup", "", hydra, "a job ends with its first failure"),
    noted("report-child-jobs-separately", "", openmpi,
          "the exit code is that of the job on the command line anyway"),
    noted("print-all-exitcodes", "", hydra, "the first failure is told, with its rank and host"),
    noted("report-events", "URI", openmpi, "there is no tool to report to; ask with 'vrunctl'"),
    refused("max-restarts", "COUNT", openmpi, "a process that failed is not started again"),
    refused("ompi-server", "URI", openmpi, "jobs cannot publish names to each other"),
    refused("nameserver", "HOST:PORT", hydra, "jobs cannot publish names to each other"),
};
// clang-format on

}  // namespace

Section life_section() {
    return {"Files, failures, time", table};
}

}  // namespace vrun::launcher
