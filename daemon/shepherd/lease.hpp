// SPDX-License-Identifier: Apache-2.0
// daemon/shepherd/lease: until when the ranks of a job may live without word from its controller.
// Pure: told the time, asked whether it is over. A process that itself stood still (a paused
// container) missed renewals without anybody's fault, so it extends the deadline, once per renewal.
#pragma once

#include <algorithm>
#include <chrono>

namespace vrun::shepherd {

class Lease {
public:
    using Clock = std::chrono::steady_clock;  // CLOCK_MONOTONIC
    using Milliseconds = std::chrono::milliseconds;
    static constexpr Milliseconds standstill_min{2'000};
    static constexpr Milliseconds tick_every{1'000};

    Lease(Clock::time_point now, Milliseconds length) : ticked_{now} { renew(now, length); }

    void renew(Clock::time_point now, Milliseconds length) {
        deadline_ = std::max(deadline_, now + length);
        extended_ = false;
    }

    // At next_tick(), which is once every tick_every or sooner. The answer is how much later it
    // came than it should have.
    Milliseconds tick(Clock::time_point now) {
        const auto passed = std::chrono::duration_cast<Milliseconds>(now - ticked_);
        const Milliseconds gap = std::max(passed - tick_every, Milliseconds{0});
        ticked_ = now;
        if (gap < standstill_min) return gap;
        if (!extended_) deadline_ += gap;
        extended_ = true;
        return gap;
    }

    // Soon enough to end on time.
    Clock::time_point next_tick(Clock::time_point now) const noexcept {
        return is_over(now) ? now + tick_every : std::min(now + tick_every, deadline_);
    }

    bool is_over(Clock::time_point now) const noexcept { return now >= deadline_; }

private:
    Clock::time_point deadline_{};
    Clock::time_point ticked_;
    bool extended_ = false;
};

}  // namespace vrun::shepherd
