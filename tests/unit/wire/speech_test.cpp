// SPDX-License-Identifier: Apache-2.0
#include "wire/speech.hpp"

#include <gtest/gtest.h>

namespace vrun::wire {
namespace {

using enum MessageType;

TEST(Speech, NobodySaysEverything) {
    for (const MessageTraits& traits : message_traits()) {
        const MessageType type = traits.type;
        EXPECT_EQ(may_say(Role::daemon, type),
                  traits.routed || type == hello || type == goodbye || type == node_info ||
                      type == get_topology || type == topology || type == get_health ||
                      type == health || type == beat || type == get_jobs || type == job_reports ||
                      type == await_job || type == job_outcome || type == kill_job)
            << traits.name;
        const bool starts = type == launch_job || type == start_ranks || type == take_job ||
                            type == job_taken || type == output_dropped;
        EXPECT_FALSE(starts && may_say(Role::shepherd, type)) << traits.name;
        EXPECT_TRUE(starts || !traits.routed || may_say(Role::shepherd, type)) << traits.name;
        EXPECT_EQ(may_say(Role::launcher, type), may_say(Role::control, type)) << traits.name;
    }
}

TEST(Speech, OfCallersIsOrdersForTheirOwnJob) {
    for (const MessageType type :
         {hello, goodbye, submit_job, list_hosts, examine_hosts, credit, input, input_end, signal,
          end_job, job_closed, get_state, job_command})
        EXPECT_TRUE(may_say(Role::launcher, type)) << traits_of(type).name;
    for (const MessageType type :
         {launch_job, start_ranks, node_lost, fence_result, job_ended, host_list, topology,
          get_health, health, examination, node_notice, beat, lease, output, take_job, await_job,
          kill_job, get_jobs, job_list})
        EXPECT_FALSE(may_say(Role::launcher, type)) << traits_of(type).name;
}

TEST(Speech, OfShepherdsIsNotTheDaemons) {
    for (const MessageType type :
         {submit_job, list_hosts, host_list, node_info, topology, get_health, health, examine_hosts,
          examination, lease, job_command, get_jobs, await_job, kill_job, take_job})
        EXPECT_FALSE(may_say(Role::shepherd, type)) << traits_of(type).name;
}

TEST(Speech, IsJudgedBeforeItsSizeIs) {
    const ScaleOf scale_of = said_by(Role::launcher, no_scale);
    EXPECT_TRUE(scale_of(submit_job, {}, {}));
    EXPECT_THROW(scale_of(host_list, {}, {}), std::system_error);
    const ScaleOf unknown_job = [](auto...) { return std::optional<Scale>{}; };
    EXPECT_FALSE(said_by(Role::shepherd, unknown_job)(output, {}, {}));
}

}  // namespace
}  // namespace vrun::wire
