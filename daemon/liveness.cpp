// SPDX-License-Identifier: Apache-2.0
#include "daemon/liveness.hpp"

namespace vrun::daemon {

Milliseconds Silence::length(Clock::time_point now) const noexcept {
    return std::chrono::duration_cast<Milliseconds>(now - last_heard_);
}

Verdict Silence::judge(Clock::time_point now, Milliseconds lost_after) const noexcept {
    const Milliseconds silent = length(now);
    if (silent >= lost_after) return Verdict::lost;
    return silent >= suspect_after ? Verdict::suspect : Verdict::alive;
}

Milliseconds StallMeter::tick(Clock::time_point now) noexcept {
    const Clock::time_point before = std::exchange(last_, now);
    if (before == Clock::time_point{}) return Milliseconds{0};
    const auto late = std::chrono::duration_cast<Milliseconds>(now - before) - beat_interval;
    return late >= stall_forgiven_from ? late : Milliseconds{0};
}

}  // namespace vrun::daemon
