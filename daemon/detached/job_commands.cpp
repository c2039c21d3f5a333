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

const std::size_t id_size = wire::id_text(0).size();

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
    if (command.id.size() > id_size)
        return refuse(*client, wire::exit_code::no_job,
                      "no job has an id of more than " + std::to_string(id_size) +
                          " letters; `vrunctl jobs` lists them");
    tasks_.spawn("job command", run(client, std::move(command)));
}

void JobCommands::refuse(Client& client, int exit_code, std::string sentence) {
    client.link.send(wire::JobRefused{exit_code, std::move(sentence)});
}

asio::awaitable<void> JobCommands::run(ClientPointer client, wire::JobCommand command) {
    const std::uint32_t uid = client->identity.uid;
    if (command.verb == wire::JobVerb::list) {
        const wire::JobList list = co_await finder_.find(uid, "");
        if (!client->is_gone) client->link.send(list);
        co_return;
    }
    const auto found = co_await find(uid, command.id);
    if (client->is_gone) co_return;
    if (const auto* refusal = std::get_if<wire::JobRefused>(&found))
        co_return refuse(*client, refusal->exit_code, refusal->sentence);
    const auto& report = std::get<wire::JobReport>(found);
    if (command.verb == wire::JobVerb::attach) {
        co_await attach(std::move(client), report);
        co_return;
    }
    if (command.verb == wire::JobVerb::kill) co_return kill(client, report, command.signal);
    wait(client, report);
}

// Where the root is a host that no source lists, the other nodes know it.
asio::awaitable<std::variant<wire::JobReport, wire::JobRefused>> JobCommands::find(
    std::uint32_t uid, std::string id) {
    const wire::JobList list = co_await finder_.find(uid, id);
    auto found = chosen(list, id);
    const auto* const report = std::get_if<wire::JobReport>(&found);
    if (!report || has_root(*report)) co_return found;
    std::vector<wire::JobNode> root{report->nodes[0]};
    co_await finder_.reach(std::move(root));
    const wire::JobList again = co_await finder_.find(uid, id);
    co_return chosen(again, id);
}

asio::awaitable<void> JobCommands::attach(ClientPointer client, wire::JobReport report) {
    if (const auto refusal = problem_of_attaching(report))
        co_return refuse(*client, refusal->exit_code, refusal->sentence);
    co_await finder_.reach(report.nodes);
    if (client->is_gone) co_return;
    const wire::Incarnation root = report.nodes[0].incarnation;
    const bool is_root_here = root == self_.incarnation || peers_.find(root);
    if (!has_root(report) || !is_root_here) co_return refuse_without_root(*client, report);
    controller_.take(client, report);
}

std::optional<wire::JobRefused> JobCommands::problem_of_attaching(const wire::JobReport& report) {
    const std::string job = "job " + wire::id_text(report.job);
    const std::string where =
        report.controller.empty() ? "" : " on node " + escaped(report.controller);
    if (report.ttl_ms == 0)
        return wire::JobRefused{wire::exit_code::no_job,
                                job + " belongs to the vrun that started it" + where +
                                    "; only jobs of `vrun --detach` can be attached"};
    if (report.phase == wire::JobPhase::launching)  // some nodes have not heard of it yet
        return wire::JobRefused{wire::exit_code::no_job,
                                job + " is being launched; attach when it runs (`vrunctl jobs`)"};
    return std::nullopt;
}

void JobCommands::refuse_without_root(Client& client, const wire::JobReport& report) {
    const wire::JobNode& root = report.nodes[0];
    const std::string job = "job " + wire::id_text(report.job);
    if (peers_.find(root.incarnation))
        return refuse(client, wire::exit_code::node_lost,
                      "node " + escaped(root.name) + ", which knows how " + job +
                          " goes, did not answer; try again");
    refuse(client, wire::exit_code::node_lost,
           "node " + escaped(root.name) + " is lost, and with it how " + job + " ended");
}

void JobCommands::kill(const ClientPointer& client, const wire::JobReport& report, int signal) {
    if (signal < 1 || signal > SIGRTMAX)
        return refuse(*client, wire::exit_code::usage, "no signal has that number");
    wire::KillJob order{report.job, signal,
                        "uid " + std::to_string(client->identity.uid) + " on node " + self_.name};
    for (const wire::JobNode& node : report.nodes) {
        if (node.incarnation == self_.incarnation) on_kill(order);
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
    if (!has_root(report)) return refuse_without_root(*client, report);
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
