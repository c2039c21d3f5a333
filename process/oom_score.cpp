// SPDX-License-Identifier: Apache-2.0
#include "process/oom_score.hpp"

#include <unistd.h>
#include <fstream>
#include <string>

namespace vrun::process {
namespace {

std::string path_of(pid_t pid) {
    return "/proc/" + std::to_string(pid) + "/oom_score_adj";
}

}  // namespace

std::optional<int> oom_score_adj_of(pid_t pid) {
    std::ifstream file{path_of(pid)};
    int value = 0;
    if (!(file >> value)) return std::nullopt;
    return value;
}

void protect_from_oom_killer() noexcept {
    try {
        const std::optional<int> now = oom_score_adj_of(::getpid());
        if (now && *now > protected_oom_score_adj)
            std::ofstream{path_of(::getpid())} << protected_oom_score_adj;
    } catch (...) {  // out of memory; we stay an ordinary process
    }
}

}  // namespace vrun::process
