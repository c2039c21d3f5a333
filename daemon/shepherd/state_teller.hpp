// SPDX-License-Identifier: Apache-2.0
// daemon/shepherd/state_teller: answers vrun's questions about the ranks of this node.
// What is known goes at once; stack traces take as long as a debugger needs. A question is asked
// of a job that hangs or is late, so nothing here waits for the job.
#pragma once

#include "daemon/shepherd/mail.hpp"
#include "daemon/shepherd/ranks.hpp"
#include "daemon/shepherd/stack_reader.hpp"
#include "wire/messages/state.hpp"

namespace vrun::shepherd {

class StateTeller {
public:
    // All references outlive this object.
    StateTeller(asio::any_io_executor loop, const Ranks& ranks,
                const std::vector<wire::Rank>& local, Mail& mail);

    void tell(const wire::GetState& asked);  // to vrun

    // Whether the pid is that of a debugger that somebody here waits for.
    bool owns(pid_t pid) const noexcept { return stacks_.owns(pid); }

    asio::awaitable<void> finish();  // no debugger is left

private:
    wire::NodeState state() const;
    asio::awaitable<void> tell_stacks();

    const Ranks& ranks_;
    const std::vector<wire::Rank>& local_;
    Mail& mail_;
    StackReader stacks_;
    bool is_reading_ = false;
    TaskGroup tasks_;
};

}  // namespace vrun::shepherd
