// SPDX-License-Identifier: Apache-2.0
#include "launcher/options/sections.hpp"
#include "launcher/options/values.hpp"

#include <array>

namespace vrun::launcher {
namespace {

std::optional<Error> add_files(std::vector<std::string>& files, std::string_view list) {
    if (list.empty()) return Error{OptionErrc::empty_value, ""};
    for (const std::string_view file : parts_of(list, ','))
        files.emplace_back(file);
    return std::nullopt;
}

// clang-format off
constexpr std::array table{
    Option{"preload-binary s", "", openmpi, Scope::app,
           "bring the program to every host that lacks it, for the time of the job",
           [](Settings& s, std::string_view) { return set(s.apps.back().preload_binary); }},
    Option{"preload-files", "FILE,...", openmpi, Scope::app,
           "bring these files to where the processes start, on every host that lacks them",
           [](Settings& s, std::string_view v) {
               return add_files(s.apps.back().preload_files, v);
           }},
    Option{"preload-files-dest-dir", "DIR", openmpi, Scope::app,
           "bring them to DIR instead (from where the processes start)",
           [](Settings& s, std::string_view v) {
               return set_text(s.apps.back().preload_directory, v);
           }},
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
