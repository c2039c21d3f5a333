// SPDX-License-Identifier: Apache-2.0
// wire/messages/state: what the ranks of a job are doing, for who looks at a job that hangs.
// vrun asks every node by itself, since a node between them may be the one that is stuck; each
// answers with its own ranks.
#pragma once

#include "wire/archive.hpp"
#include "wire/message_type.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace vrun::wire {

inline constexpr std::size_t stack_trace_max = 16u << 10;  // bytes of one rank's

struct GetState {  // vrun to a node
    static constexpr auto type = MessageType::get_state;
    bool with_stacks = false;

    template <class Archive>
    void serialize(Archive& archive) {
        archive(with_stacks);
    }
};

enum class RankPhase : std::uint8_t {
    not_started,
    running,    // MPI_Init was not called, or not yet
    in_mpi,     // between MPI_Init and MPI_Finalize
    finalized,  // after it
    exited,     // code: its exit code
    killed,     // code: the signal
};
constexpr bool valid(RankPhase phase) {
    return phase <= RankPhase::killed;
}

struct RankState {
    Rank rank = 0;
    RankPhase phase = RankPhase::not_started;
    std::int64_t pid = 0;  // as its node counts; 0: none
    std::int32_t code = 0;
    std::string stack = {};  // if asked for: what a debugger says, or why it says nothing

    template <class Archive>
    void serialize(Archive& archive) {
        archive(rank, phase, pid, code, stack);
    }
};

struct NodeState {  // a node to vrun
    static constexpr auto type = MessageType::node_state;
    std::vector<RankState> ranks;
    bool has_stacks = false;  // the answer to a question with_stacks

    template <class Archive>
    void serialize(Archive& archive) {
        archive(ranks, has_stacks);
    }
};

struct StartProgress {  // root to vrun, if asked for: so many nodes have started their ranks
    static constexpr auto type = MessageType::start_progress;
    std::uint32_t nodes = 0;

    template <class Archive>
    void serialize(Archive& archive) {
        archive(nodes);
    }
};

}  // namespace vrun::wire
