// SPDX-License-Identifier: Apache-2.0
#include "launcher/phase_times.hpp"

#include <algorithm>
#include <array>
#include <cstdio>

namespace vrun::launcher {
namespace {

using std::chrono::microseconds;

void add_line(Lines& lines, const char* phase, microseconds length, const char* meaning) {
    std::array<char, 128> text;
    std::snprintf(text.data(), text.size(), "timing: %-8s %9.1f ms  %s", phase,
                  static_cast<double>(length.count()) / 1'000, meaning);
    lines.emplace_back(text.data());
}

microseconds between(PhaseTimes::Clock::time_point first, PhaseTimes::Clock::time_point second) {
    return std::chrono::duration_cast<microseconds>(second - first);
}

}  // namespace

Lines phase_lines(const PhaseTimes& times) {
    Lines lines;
    if (times.connected)
        add_line(lines, "connect", between(times.begun, *times.connected),
                 "until a daemon took us");
    if (times.accepted)
        add_line(lines, "plan", between(*times.connected, *times.accepted),
                 "until hosts were found and ranks placed");
    if (times.started)
        add_line(lines, "spawn", between(*times.accepted, *times.started), "until all ranks ran");
    if (times.started && times.ended) {
        const microseconds wired_up{times.root.wired_up}, ran{times.root.ran};
        const microseconds whole = between(*times.started, *times.ended);
        add_line(lines, "wire-up", wired_up, "until the ranks knew each other (first MPI fence)");
        add_line(lines, "run", ran, "until the last rank had ended");
        add_line(lines, "drain", std::max(whole - wired_up - ran, microseconds{0}),
                 "until all output was written and all nodes were clean");
    }
    if (times.ended)
        add_line(lines, "all", between(times.begun, *times.ended), "from vrun's start");
    return lines;
}

}  // namespace vrun::launcher
