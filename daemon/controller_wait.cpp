// SPDX-License-Identifier: Apache-2.0
// What a controller does for a job that waits for hosts and slots (`vrun --wait`).
#include "daemon/controller.hpp"
#include "daemon/planning.hpp"

namespace vrun::daemon {
namespace {

namespace exit_code = wire::exit_code;

// A host that was named and has another key or version stays what it is; of others, more may come.
bool may_pass(const wire::JobRefused& refusal, bool hosts_were_named) {
    if (refusal.exit_code == exit_code::refused) return !hosts_were_named;
    return refusal.exit_code == exit_code::too_few_slots ||
           refusal.exit_code == exit_code::node_lost;
}

}  // namespace

// Whether there is enough is what placing says, whatever the policy; asked again at each change.
asio::awaitable<void> Controller::submit_when_there(ClientPointer client,
                                                    const wire::SubmitJob& request,
                                                    const Hosts& named) {
    const std::chrono::seconds limit{request.wait_s};
    HostWaits::Wait wait{waits_, client, named, Clock::now() + limit};
    const auto on_progress = progress_to(request, client);
    for (;;) {
        const Gathered found = co_await wait.next();
        const bool is_last = wait.is_over();
        const MaybeRefusal refusal = co_await place(client, request, named, found);
        if (!refusal || client->is_gone) co_return;
        if (!may_pass(*refusal, !named.empty()))
            co_return refuse(*client, refusal->exit_code, refusal->sentence);
        if (is_last)
            co_return refuse(*client, exit_code::too_few_slots,
                             "after " + std::to_string(limit.count()) +
                                 " s of waiting (--wait): " + refusal->sentence);
        if (on_progress) on_progress(waiting_text(found, slots_wanted(request)));
    }
}

}  // namespace vrun::daemon
