// SPDX-License-Identifier: Apache-2.0
// daemon/liveness: when silence means that somebody is gone.
// Pure: callers bring the time (CLOCK_MONOTONIC). A daemon whose own loop stood still forgives
// everybody that gap, since the beats it missed may lie unread in its sockets.
#pragma once

#include <chrono>
#include <utility>

namespace vrun::daemon {

using Clock = std::chrono::steady_clock;
using Milliseconds = std::chrono::milliseconds;

inline constexpr Milliseconds beat_interval{1'000};
inline constexpr Milliseconds suspect_after{3'000};
inline constexpr Milliseconds stall_forgiven_from{2'000};
inline constexpr Milliseconds report_after_lease{2'000};  // so that what we report has happened

enum class Verdict { alive, suspect, lost };

// The silence of one peer.
class Silence {
public:
    explicit Silence(Clock::time_point now) : last_heard_{now} {}

    void heard(Clock::time_point now) noexcept { last_heard_ = now; }
    void forgive(Milliseconds gap) noexcept { last_heard_ += gap; }
    Milliseconds length(Clock::time_point now) const noexcept;
    Verdict judge(Clock::time_point now, Milliseconds lost_after) const noexcept;

private:
    Clock::time_point last_heard_;
};

// How long our own loop stood still between two ticks that should be beat_interval apart.
class StallMeter {
public:
    // The gap to forgive: zero unless it is at least stall_forgiven_from.
    Milliseconds tick(Clock::time_point now) noexcept;
    void reset() noexcept { last_ = {}; }

private:
    Clock::time_point last_{};
};

}  // namespace vrun::daemon
