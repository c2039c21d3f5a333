// SPDX-License-Identifier: Apache-2.0
#include "daemon/detached/job_commands.hpp"

#include "daemon/detached/job_reports.hpp"
#include "wire/base/escape.hpp"
#include "wire/base/reject.hpp"
#include "wire/job_id.hpp"
#include "wire/messages/answer.hpp"

#include <csignal>

namespace vrun::daemon {
namespace {

using wire::to_controller;

bool ends_job(int signal) {
    return signal == SIGTERM || signal == SIGKILL;
}

bool has_root(const wire::JobReport& report) {
    return report.self == 0;
}

}  // namespace

JobCommands::JobCommands(asio::any_io_executor loop, Self self, JobFinder& finder, Keeper& keeper,
                         Peers& peers, JobTable& jobs, Switchboard& switchboard,
                         Controller& controller, Log& log)
    : self_{std::move(self)},
      finder_{finder},
      keeper_{keeper},
      peers_{peers},
      jobs_{jobs},
      switchboard_{switchboard},
      controller_{controller},
      tasks_{loop, [&log](std::string_view name, std::exception_ptr) {
                 log.error("jobs: a task failed", {{"task", name}});
             }} {}

void JobCommands::answer(const ClientPointer& client, wire::JobCommand command) {
    if (std::exchange(client->has_submitted, true)) reject("hear two requests on one connection");
    tasks_.spawn("job command", run(client, std::move(command)));
}

void JobCommands::refuse(Client& client, int exit_code, std::string sentence) {
    client.link.send(wire::JobRefused{exit_code, std::move(sentence)});
}

asio::awaitable<void> JobCommands::run(ClientPointer client, wire::JobCommand command) {
    wire::JobList list = co_await finder_.find(client->identity.uid, command.id);
    if (client->is_gone) co_return;
    if (command.verb == wire::JobVerb::list) {
        client->link.send(list);
        co_return;
    }
    auto found = chosen(list, command.id);
    if (const auto* refusal = std::get_if<wire::JobRefused>(&found))
        co_return refuse(*client, refusal->exit_code, refusal->sentence);
    auto& report = std::get<wire::JobReport>(found);
    if (command.verb == wire::JobVerb::attach) {
        co_await attach(std::move(client), std::move(report));
        co_return;
    }
    if (command.verb == wire::JobVerb::kill) co_return kill(client, report, command.signal);
    wait(client, report);
}

asio::awaitable<void> JobCommands::attach(ClientPointer client, wire::JobReport report) {
    if (report.ttl_ms == 0)
        co_return refuse(
            *client, wire::exit_code::no_job,
            "job " + wire::id_text(report.job) + " belongs to the vrun that started it" +
                (report.controller.empty() ? "" : " on node " + escaped(report.controller)) +
                "; only jobs of `vrun --detach` can be attached");
    co_await finder_.reach(report.nodes);
    if (!client->is_gone) controller_.take(client, report);
}

void JobCommands::kill(const ClientPointer& client, const wire::JobReport& report, int signal) {
    if (signal < 1 || signal > SIGRTMAX)
        return refuse(*client, wire::exit_code::usage, "no signal has that number");
    wire::KillJob order{report.job, signal,
                        "uid " + std::to_string(client->identity.uid) + " on node " + self_.name};
    if (has_root(report) && report.nodes[0].incarnation == self_.incarnation) on_kill(order);
    for (const wire::JobNode& node : report.nodes) {
        if (Peer* peer = peers_.find(node.incarnation)) peer->link.send(order);
        if (has_root(report)) break;  // else each node ends what it has
    }
    if (ends_job(signal)) return wait(client, report);
    client->link.send(wire::JobOutcome{report.job, true, 0, {}});
}

void JobCommands::on_kill(const wire::KillJob& order) {
    Job* const job = jobs_.find(order.job);
    if (!job || !job->self || job->node_part_over) return;
    const wire::Route route{job->id, *job->self, to_controller};
    if (!ends_job(order.signal))
        return switchboard_.forward(*job, wire::message_of(wire::Signal{order.signal}, route),
                                    Origin::client);
    wire::EndJob end;
    if (order.signal == SIGKILL) end.mode = wire::EndMode::kill;
    end.cause.kind = wire::FailureKind::cancelled;
    end.cause.code = order.signal;
    end.cause.text = "vrunctl kill, by " + order.by;
    end.cause.exit_code = 128 + order.signal;
    switchboard_.forward(*job, wire::message_of(end, route), Origin::client);
}

// The root's word, once for all who wait here.
void JobCommands::wait(const ClientPointer& client, const wire::JobReport& report) {
    const wire::JobId id = report.job;
    const wire::JobNode& root = report.nodes[0];
    if (!has_root(report))
        return refuse(*client, wire::exit_code::node_lost,
                      "node " + escaped(root.name) + " is lost, and with it how job " +
                          wire::id_text(id) + " ended");
    const auto [place, is_first] = waits_.try_emplace(id, Wait{root.incarnation, root.name});
    place->second.clients.insert(client);
    if (!is_first) return;
    if (root.incarnation == self_.incarnation) return keeper_.await(id, self_.incarnation);
    Peer* const peer = peers_.find(root.incarnation);
    if (!peer) return on_peer_gone(root.incarnation, "its connection closed");
    peers_.use(root.incarnation);
    on_wait();
    peer->link.send(wire::AwaitJob{id});
}

void JobCommands::on_outcome(const wire::JobOutcome& outcome) {
    end_wait(outcome.job, outcome);
}

void JobCommands::end_wait(wire::JobId id, const wire::JobOutcome& outcome) {
    const auto found = waits_.find(id);
    if (found == waits_.end()) return;
    const Wait ended = std::move(found->second);
    waits_.erase(found);
    if (ended.root != self_.incarnation) peers_.release(ended.root);
    for (const ClientPointer& client : ended.clients)
        if (outcome.is_known)
            client->link.send(outcome);
        else
            refuse(*client, wire::exit_code::no_job,
                   "node " + escaped(ended.root_name) + " knows nothing of job " +
                       wire::id_text(id) + " any more");
}

void JobCommands::on_peer_gone(wire::Incarnation peer, const std::string& reason) {
    for (auto wait = waits_.begin(); wait != waits_.end();) {
        if (wait->second.root != peer) {
            ++wait;
            continue;
        }
        for (const ClientPointer& client : wait->second.clients)
            refuse(*client, wire::exit_code::node_lost,
                   "node " + escaped(wait->second.root_name) + " is lost, and with it how job " +
                       wire::id_text(wait->first) + " ends: " + escaped(reason));
        wait = waits_.erase(wait);
    }
}

void JobCommands::on_client_gone(const ClientPointer& client) {
    for (auto wait = waits_.begin(); wait != waits_.end();) {
        const bool was_last =
            wait->second.clients.erase(client) > 0 && wait->second.clients.empty();
        const wire::Incarnation root = wait->second.root;
        wait = was_last ? waits_.erase(wait) : std::next(wait);
        if (was_last && root != self_.incarnation) peers_.release(root);
    }
}

asio::awaitable<void> JobCommands::join() {
    co_await tasks_.join();
}

}  // namespace vrun::daemon
