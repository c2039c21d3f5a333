// SPDX-License-Identifier: Apache-2.0
// wire/messages/times: how a job's time went, as its root saw it.
// Part of JobEnded. Differences of one clock, so that nobody compares the clocks of two hosts.
#pragma once

#include <cstdint>

namespace vrun::wire {

struct JobTimes {                // microseconds; 0: it did not come to that
    std::uint64_t wired_up = 0;  // since all ranks ran, until the first fence was answered
    std::uint64_t ran = 0;       // since then, or since all ran, until the last rank had ended

    template <class Archive>
    void serialize(Archive& archive) {
        archive(wired_up, ran);
    }

    bool operator==(const JobTimes&) const = default;
};

}  // namespace vrun::wire
