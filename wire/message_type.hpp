// SPDX-License-Identifier: Apache-2.0
// wire/message_type: every message by name, with its priority and the size it may have.
// One table; a decoder, the size check, a relay and the documentation read the same rows.
// Limits are formulas in the job's ranks and nodes, never a fixed number of hosts.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace vrun::wire {

using JobId = std::uint64_t;        // 64 random bits; written as 13 letters (job_id.hpp)
using Incarnation = std::uint64_t;  // drawn at the start of a daemon; never 0
using NodeIndex = std::uint32_t;    // position in a job's node list
using Rank = std::uint32_t;

inline constexpr NodeIndex to_controller = 0xffff'ffff;  // as a Route's `to` or `from`

// Where a message of a job goes. `to` and `from` are the job's nodes (their shepherds), or the
// controller with its vrun behind it.
struct Route {
    JobId job = 0;
    NodeIndex to = to_controller;
    NodeIndex from = to_controller;

    bool operator==(const Route&) const = default;
};

enum class MessageType : std::uint16_t {
    hello = 1,
    goodbye,
    node_info,
    get_topology,
    topology,
    submit_job,
    job_accepted,
    job_refused,
    progress,
    launch_job,
    shepherd_ready,
    start_ranks,
    ranks_started,
    start_failed,
    job_started,
    fence_contribution,
    fence_result,
    modex_request,
    modex_reply,
    output,
    output_end,
    credit,
    input,
    input_end,
    input_closed,
    signal,
    end_job,
    rank_exited,
    abort_job,
    job_failed,
    beat,
    lease,
    node_lost,
    node_done,
    job_ended,
    job_closed,
    list_hosts,
    host_list,
    node_notice,
    get_health,
    health,
    examine_hosts,
    examination,
    files_wanted,
    file_data,
    file_credit,
    get_state,
    node_state,
    start_progress,
    rank_failed,
    ranks_gone,
    shown_plan,
    rank_bindings,
    job_command,
    job_list,
    get_jobs,
    job_reports,
    take_job,
    job_taken,
    await_job,
    job_outcome,
    kill_job,
    output_dropped,
};
inline constexpr auto message_type_max = MessageType::output_dropped;

// Frames of a higher class overtake those of a lower one on a link; within a class order holds. A
// node's last word is bulk: it may not overtake the output before it. Files go when all else has.
enum class Priority : std::uint8_t { urgent, control, bulk, background };
inline constexpr std::size_t priority_count = 4;

struct Scale {  // of the job that a message belongs to
    std::uint64_t ranks = 0;
    std::uint64_t nodes = 0;
};

struct MessageTraits {
    MessageType type;
    std::string_view name;
    Priority priority;
    bool routed;  // begins with a Route
    std::uint64_t size_max;
    std::uint64_t size_per_node = 0;
    std::uint64_t size_per_rank = 0;
};

std::span<const MessageTraits> message_traits() noexcept;
const MessageTraits& traits_of(MessageType type) noexcept;

// The largest joined body (without the route) of `type` in a job of this scale, in bytes.
std::uint64_t body_size_max(MessageType type, Scale scale) noexcept;

}  // namespace vrun::wire
