// SPDX-License-Identifier: Apache-2.0
// wire/messages/tolerance: what becomes of a job in which ranks fail, and what is said of it.
// By default the first failure ends the job. A job that goes on returns the code of a failure that
// counts, or 0. MPI_Abort, a lost node and a rank that cannot start end every job.
#pragma once

#include "wire/messages/failure.hpp"

#include <vector>

namespace vrun::wire {

enum class Verdict : std::uint8_t {
    ends,      // the job, with the code of the failure
    counts,    // the job goes on; the first failure of this kind gives it its code
    forgiven,  // the job goes on, as if nothing had failed
};
constexpr bool valid(Verdict verdict) {
    return verdict <= Verdict::forgiven;
}

struct Tolerance {
    Verdict exited = Verdict::ends;  // a rank that returned another code than 0
    Verdict died = Verdict::ends;    // one that was killed, or left without MPI_Finalize

    bool operator==(const Tolerance&) const = default;

    template <class Archive>
    void serialize(Archive& archive) {
        archive(exited, died);
    }
};

struct RankFailed {  // root to vrun, once for each rank that failed in a job that goes on
    static constexpr auto type = MessageType::rank_failed;
    Failure failure;

    template <class Archive>
    void serialize(Archive& archive) {
        archive(failure);
    }
};

// Root to all, down: of these nodes no rank is left, and some failed. Fences do without them.
struct RanksGone {
    static constexpr auto type = MessageType::ranks_gone;
    std::vector<NodeIndex> nodes;

    template <class Archive>
    void serialize(Archive& archive) {
        archive(nodes);
    }
};

}  // namespace vrun::wire
