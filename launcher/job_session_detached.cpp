// SPDX-License-Identifier: Apache-2.0
// How a session and its job part when the job goes on: one leaves it, attaches to it, or loses it.
#include "launcher/job_session.hpp"
#include "wire/base/escape.hpp"
#include "wire/job_id.hpp"
#include "wire/messages/take.hpp"

namespace vrun::launcher {
namespace {

std::string how_to_attach(const std::string& job) {
    return "`vrunctl attach " + job + "` shows its output";
}

}  // namespace

asio::awaitable<int> JobSession::run(wire::JobCommand attach) {
    begin();
    streams_.input_to = wire::InputTo::none;
    link_.send(attach);
    co_return co_await finish();
}

void JobSession::leave_running() {
    output_.print(wire::StreamId::out, job_->text);
    if (!options_.quiet) output_.say(how_to_attach(job_->text));
    decide(0);
}

// What is not written yet stays with the nodes, for the next who attaches.
void JobSession::detach(int number) {
    ++end_signals_;
    output_.say("detached after " + signal_text(number) + "; job " + job_->text + " goes on, " +
                how_to_attach(job_->text) + " from here on");
    decide(128 + number);
}

void JobSession::on_output_dropped(const wire::Message& message) {
    const auto dropped = wire::body_of<wire::OutputDropped>(message);
    const std::vector<wire::JobNode>& nodes = job_->accepted.nodes;
    if (message.route.from >= nodes.size()) return;
    const bool is_err = dropped.stream == wire::StreamId::err;
    output_.say("node " + escaped(nodes[message.route.from].name) + " has dropped " +
                std::to_string(dropped.bytes) + " bytes of standard " +
                (is_err ? "error" : "output") +
                ": more than it keeps while nobody reads (docs/jobs.md)");
}

void JobSession::lose_daemon(const std::string& how) {
    link_.close();
    if (exit_code_) return;
    output_.say("the daemon is lost: " + escaped(how));
    output_.say(fate_without_daemon());
    decide(wire::exit_code::daemon_lost);
}

std::string JobSession::fate_without_daemon() const {
    const std::string job = job_ ? "job " + job_->text : "the job";
    if (options_.bond == Bond::owned)
        return job + " ends with it: its ranks are killed where they run";
    return job + " may go on without it; `vrunctl jobs` on any node lists what runs";
}

}  // namespace vrun::launcher
