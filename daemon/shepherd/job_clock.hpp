// SPDX-License-Identifier: Apache-2.0
// daemon/shepherd/job_clock: when a job came to its milestones, as its root sees them.
// Each is noted once, the first time; one that never came has no time.
// For `vrun --timing`; nothing is decided by it.
#pragma once

#include "wire/messages/times.hpp"

#include <array>
#include <chrono>
#include <optional>

namespace vrun::shepherd {

class JobClock {
public:
    using Clock = std::chrono::steady_clock;
    enum class Milestone : std::size_t { running, wired_up, reaped };

    void note(Milestone milestone, Clock::time_point now = Clock::now()) noexcept {
        auto& at = times_[static_cast<std::size_t>(milestone)];
        if (!at) at = now;
    }

    wire::JobTimes times() const noexcept {
        const auto since = at(Milestone::wired_up) ? Milestone::wired_up : Milestone::running;
        return {between(Milestone::running, Milestone::wired_up),
                between(since, Milestone::reaped)};
    }

private:
    std::optional<Clock::time_point> at(Milestone milestone) const noexcept {
        return times_[static_cast<std::size_t>(milestone)];
    }

    // In microseconds; 0 unless both came, in this order.
    std::uint64_t between(Milestone first, Milestone second) const noexcept {
        if (!at(first) || !at(second) || *at(second) < *at(first)) return 0;
        const auto length = *at(second) - *at(first);
        return static_cast<std::uint64_t>(
            std::chrono::duration_cast<std::chrono::microseconds>(length).count());
    }

    std::array<std::optional<Clock::time_point>, 3> times_;
};

}  // namespace vrun::shepherd
