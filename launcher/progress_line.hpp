// SPDX-License-Identifier: Apache-2.0
// launcher/progress_line: how far the start of a job is, in one line for a terminal.
// What the daemon says while it looks for hosts, then how many nodes have started. Pure.
// The text is escaped, and clipped so that a terminal does not break it.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace vrun::launcher {

class ProgressLine {
public:
    void finding(std::string text) { text_ = std::move(text); }  // as the daemon says, not escaped
    void launching(std::uint32_t ranks, std::size_t nodes);
    void started(std::uint32_t nodes);  // of those, so many

    std::string text(std::chrono::seconds since_begin, std::size_t columns) const;

private:
    std::string text_ = "waiting for the daemon";
    std::string counts_;
    std::uint32_t started_ = 0;
};

}  // namespace vrun::launcher
