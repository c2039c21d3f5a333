// SPDX-License-Identifier: Apache-2.0
// tests/fuzz/bodies: every message body there is, in the order of wire::MessageType.
// The list is held against the enum when it is compiled: a message that is missing here, or has
// no body that this list knows of, does not build.
#pragma once

#include "wire/messages/answer.hpp"
#include "wire/messages/end.hpp"
#include "wire/messages/health.hpp"
#include "wire/messages/hosts.hpp"
#include "wire/messages/io.hpp"
#include "wire/messages/jobs.hpp"
#include "wire/messages/launch.hpp"
#include "wire/messages/notice.hpp"
#include "wire/messages/preload.hpp"
#include "wire/messages/session.hpp"
#include "wire/messages/state.hpp"
#include "wire/messages/submit.hpp"
#include "wire/messages/take.hpp"
#include "wire/messages/tolerance.hpp"
#include "wire/messages/topology.hpp"
#include "wire/messages/wireup.hpp"

#include <tuple>
#include <type_traits>
#include <utility>

namespace vrun::fuzz {

using Bodies =
    std::tuple<wire::Hello, wire::Goodbye, wire::NodeInfo, wire::GetTopology, wire::Topology,
               wire::SubmitJob, wire::JobAccepted, wire::JobRefused, wire::Progress,
               wire::LaunchJob, wire::ShepherdReady, wire::StartRanks, wire::RanksStarted,
               wire::StartFailed, wire::JobStarted, wire::FenceContribution, wire::FenceResult,
               wire::ModexRequest, wire::ModexReply, wire::Output, wire::OutputEnd, wire::Credit,
               wire::Input, wire::InputEnd, wire::InputClosed, wire::Signal, wire::EndJob,
               wire::RankExited, wire::AbortJob, wire::JobFailed, wire::Beat, wire::Lease,
               wire::NodeLost, wire::NodeDone, wire::JobEnded, wire::JobClosed, wire::ListHosts,
               wire::HostList, wire::NodeNotice, wire::GetHealth, wire::Health, wire::ExamineHosts,
               wire::Examination, wire::FilesWanted, wire::FileData, wire::FileCredit,
               wire::GetState, wire::NodeState, wire::StartProgress, wire::RankFailed,
               wire::RanksGone, wire::ShownPlan, wire::RankBindings, wire::JobCommand,
               wire::JobList, wire::GetJobs, wire::JobReports, wire::TakeJob, wire::JobTaken,
               wire::AwaitJob, wire::JobOutcome, wire::KillJob, wire::OutputDropped>;

inline constexpr std::size_t body_count = std::tuple_size_v<Bodies>;

template <std::size_t... i>
constexpr bool is_in_order(std::index_sequence<i...>) {
    return ((static_cast<std::size_t>(std::tuple_element_t<i, Bodies>::type) == i + 1) && ...);
}
static_assert(body_count == static_cast<std::size_t>(wire::message_type_max) &&
                  is_in_order(std::make_index_sequence<body_count>()),
              "one body for every MessageType, in the order of the enum");

// visit(std::type_identity<Body>{}) with the body of this MessageType; false if there is none.
template <class Visit, std::size_t... i>
bool with_body(std::size_t type, Visit visit, std::index_sequence<i...>) {
    return (
        (type == i + 1 && (visit(std::type_identity<std::tuple_element_t<i, Bodies>>{}), true)) ||
        ...);
}
template <class Visit>
bool with_body(std::size_t type, Visit visit) {
    return with_body(type, visit, std::make_index_sequence<body_count>());
}

}  // namespace vrun::fuzz
