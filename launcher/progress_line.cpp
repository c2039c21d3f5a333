// SPDX-License-Identifier: Apache-2.0
#include "launcher/progress_line.hpp"

#include "wire/base/escape.hpp"

namespace vrun::launcher {

void ProgressLine::launching(std::uint32_t ranks, std::size_t nodes) {
    text_ = "starting " + std::to_string(ranks) + (ranks == 1 ? " rank" : " ranks");
    counts_ = " of " + std::to_string(nodes) + (nodes == 1 ? " node runs" : " nodes run");
}

void ProgressLine::started(std::uint32_t nodes) {
    started_ = nodes;
}

std::string ProgressLine::text(std::chrono::seconds since_begin, std::size_t columns) const {
    std::string line = escaped(text_);
    if (!counts_.empty()) line += ": " + std::to_string(started_) + counts_;
    line += " (" + std::to_string(since_begin.count()) + " s)";
    // Bytes, not letters: at worst the line is a little short.
    if (line.size() >= columns) line.resize(columns > 0 ? columns - 1 : 0);
    return line;
}

}  // namespace vrun::launcher
