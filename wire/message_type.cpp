// SPDX-License-Identifier: Apache-2.0
#include "wire/message_type.hpp"

#include <algorithm>
#include <array>
#include <cassert>

namespace vrun::wire {
namespace {

constexpr std::uint64_t KiB = 1024, MiB = 1024 * KiB;

using enum MessageType;
using enum Priority;

// clang-format off
constexpr std::array table{
    //            type                name                  class    routed  limit    per node per rank
    MessageTraits{hello,              "Hello",              control, false,  1 * KiB},
    MessageTraits{goodbye,            "Goodbye",            control, false,  1 * KiB},
    MessageTraits{node_info,          "NodeInfo",           control, false,  1 * MiB},
    MessageTraits{get_topology,       "GetTopology",        control, false,  2 * KiB},
    MessageTraits{topology,           "Topology",           control, false, 16 * MiB},
    MessageTraits{submit_job,         "SubmitJob",          control, false, 32 * MiB},
    MessageTraits{job_accepted,       "JobAccepted",        control, true,   1 * MiB, 512,     16},
    MessageTraits{job_refused,        "JobRefused",         control, false,  1 * MiB},
    MessageTraits{progress,           "Progress",           control, false,  1 * MiB},
    MessageTraits{launch_job,         "LaunchJob",          control, true,  32 * MiB, 512,     64},
    MessageTraits{shepherd_ready,     "ShepherdReady",      control, false,  1 * KiB},
    MessageTraits{start_ranks,        "StartRanks",         control, true,  48 * MiB, 512,     64},
    MessageTraits{ranks_started,      "RanksStarted",       control, true,  64 * KiB, 16},
    MessageTraits{start_failed,       "StartFailed",        control, true,  64 * KiB},
    MessageTraits{job_started,        "JobStarted",         control, true,   1 * KiB},
    MessageTraits{fence_contribution, "FenceContribution",  control, true,  64 * KiB, 64,      4 * KiB},
    MessageTraits{fence_result,       "FenceResult",        control, true,  64 * KiB, 64,      4 * KiB},
    MessageTraits{modex_request,      "ModexRequest",       control, true,   1 * KiB},
    MessageTraits{modex_reply,        "ModexReply",         control, true,   1 * MiB},
    MessageTraits{output,             "Output",             bulk,    true,  64 * KiB + 64},
    MessageTraits{output_end,         "OutputEnd",          bulk,    true,   1 * KiB},
    MessageTraits{credit,             "Credit",             control, true,   64},
    MessageTraits{input,              "Input",              bulk,    true,  64 * KiB + 64},
    MessageTraits{input_end,          "InputEnd",           bulk,    true,   64},
    MessageTraits{input_closed,       "InputClosed",        control, true,   64},
    MessageTraits{signal,             "Signal",             control, true,   4 * KiB},
    MessageTraits{end_job,            "EndJob",             control, true,   4 * KiB},
    MessageTraits{rank_exited,        "RankExited",         control, true,   4 * KiB},
    MessageTraits{abort_job,          "AbortJob",           control, true,   4 * KiB},
    MessageTraits{job_failed,         "JobFailed",          control, true,   8 * KiB},
    MessageTraits{beat,               "Beat",               urgent,  false,  64},
    MessageTraits{lease,              "Lease",              urgent,  false,  1 * MiB},
    MessageTraits{node_lost,          "NodeLost",           control, true,   4 * KiB},
    MessageTraits{node_done,          "NodeDone",           bulk,    true,  64 * KiB, 16},
    MessageTraits{job_ended,          "JobEnded",           bulk,    true,  64 * KiB, 16},
    MessageTraits{job_closed,         "JobClosed",          control, true,   64},
    MessageTraits{list_hosts,         "ListHosts",          control, false,  1 * KiB},
    MessageTraits{host_list,          "HostList",           control, false, 64 * MiB},
    MessageTraits{node_notice,        "NodeNotice",         control, true,   4 * KiB},
    MessageTraits{get_health,         "GetHealth",          control, false,  1 * MiB},
    MessageTraits{health,             "Health",             control, false,  1 * MiB},
    MessageTraits{examine_hosts,      "ExamineHosts",       control, false,  1 * KiB},
    MessageTraits{examination,        "Examination",        control, false, 64 * MiB},
    MessageTraits{files_wanted,       "FilesWanted",        control, true,   1 * MiB},
    MessageTraits{file_data,          "FileData",           background, true, 64 * KiB + 64},
    MessageTraits{file_credit,        "FileCredit",         control, true,   64},
    MessageTraits{get_state,          "GetState",           control, true,   64},
    MessageTraits{node_state,         "NodeState",          bulk,    true,  64 * KiB, 0,       17 * KiB},
    MessageTraits{start_progress,     "StartProgress",      control, true,   64},
    MessageTraits{rank_failed,        "RankFailed",         control, true,   8 * KiB},
    MessageTraits{ranks_gone,         "RanksGone",          control, true,  64 * KiB, 16},
    MessageTraits{shown_plan,         "ShownPlan",          control, false, 64 * MiB},
    MessageTraits{rank_bindings,      "RankBindings",       control, true,  64 * KiB, 0,       8 * KiB},
    MessageTraits{job_command,        "JobCommand",         control, false, 256 * KiB},
    MessageTraits{job_list,           "JobList",            control, false, 64 * MiB},
    MessageTraits{get_jobs,           "GetJobs",            control, false,  1 * KiB},
    MessageTraits{job_reports,        "JobReports",         control, false, 64 * MiB},
    MessageTraits{take_job,           "TakeJob",            control, true,   1 * KiB},
    MessageTraits{job_taken,          "JobTaken",           bulk,    true,   1 * KiB},
    MessageTraits{await_job,          "AwaitJob",           control, false,  64},
    MessageTraits{job_outcome,        "JobOutcome",         control, false,  8 * KiB},
    MessageTraits{kill_job,           "KillJob",            control, false,  1 * KiB},
    MessageTraits{output_dropped,     "OutputDropped",      bulk,    true,   64},
};
// clang-format on

constexpr bool is_in_order() {
    for (std::size_t i = 0; i < table.size(); ++i)
        if (static_cast<std::size_t>(table[i].type) != i + 1) return false;
    return table.size() == static_cast<std::size_t>(message_type_max);
}
static_assert(is_in_order(), "one row for every MessageType, in the order of the enum");

}  // namespace

std::span<const MessageTraits> message_traits() noexcept {
    return table;
}

const MessageTraits& traits_of(MessageType type) noexcept {
    const auto index = static_cast<std::size_t>(type) - 1;
    assert(index < table.size());
    return table[index];
}

std::uint64_t body_size_max(MessageType type, Scale scale) noexcept {
    const MessageTraits& traits = traits_of(type);
    return traits.size_max + traits.size_per_node * scale.nodes +
           traits.size_per_rank * scale.ranks;
}

}  // namespace vrun::wire
