// SPDX-License-Identifier: Apache-2.0
#include "daemon/controller.hpp"

#include "daemon/launch_body.hpp"
#include "daemon/plan_text.hpp"
#include "daemon/planning.hpp"
#include "wire/base/escape.hpp"
#include "wire/base/reject.hpp"
#include "wire/job_id.hpp"
#include "wire/job_map.hpp"
#include "wire/messages/answer.hpp"

#include <algorithm>
#include <iterator>

namespace vrun::daemon {
namespace {

using wire::MessageType;
using wire::to_controller;

wire::Failure failure_of(const Job& job, wire::NodeIndex node, const std::string& reason) {
    return {wire::FailureKind::node_lost, node, job.nodes[node].name, false, 0, 0, reason,
            wire::exit_code::node_lost};
}

}  // namespace

Controller::Controller(asio::any_io_executor loop, Setup setup, JobTable& jobs, Peers& peers,
                       Membership& members, HostWaits& waits, Topologies& topologies,
                       NodeJobs& node_jobs, Switchboard& switchboard, Log& log)
    : setup_{setup},
      jobs_{jobs},
      peers_{peers},
      members_{members},
      waits_{waits},
      topologies_{topologies},
      node_jobs_{node_jobs},
      switchboard_{switchboard},
      log_{log},
      tasks_{loop, [this](std::string_view name, std::exception_ptr) {
                 log_.error("controller: a task failed", {{"task", name}});
             }} {}

void Controller::on_client_message(const ClientPointer& client, wire::Message message) {
    if (message.type == MessageType::submit_job) {
        if (client->has_submitted) reject("submit a second job on one connection");
        client->has_submitted = true;
        return tasks_.spawn("submit", submit(client, wire::body_of<wire::SubmitJob>(message)));
    }
    if (!wire::traits_of(message.type).routed) reject("hear a client");
    Job* job = job_of(*client, message.route.job);
    if (!client->job || message.route.job != *client->job)
        reject("hear a client speak of another job");
    if (message.type == MessageType::job_closed) {
        client->job.reset();
        if (job) let_go(*job);
        return;
    }
    if (!job) return;
    if (message.type == MessageType::file_data) count_file_data(*job, message);
    // Daemons of a detached job's nodes read these: a bad one is this client's fault, not ours.
    if (message.type == MessageType::credit) (void)wire::body_of<wire::Credit>(message);
    message.route.from = to_controller;
    switchboard_.forward(*job, std::move(message), Origin::client);
}

// The one place where a caller's right to a job is judged; every verb passes here. What the kernel
// said of the caller counts, whatever connection the job came by. Null: no such job (any more).
Job* Controller::job_of(const Client& client, wire::JobId id) {
    Job* job = jobs_.find(id);
    const std::uint32_t caller = client.identity.uid;
    if (job && caller != job->owner && caller != 0) reject("command another user's job");
    return job;
}

// It could fill our memory with what a slow node does not take.
void Controller::count_file_data(Job& job, const wire::Message& message) {
    const std::size_t size = wire::body_of<wire::FileData>(message).bytes.size();
    job.file_bytes += size;
    if (size == 0 || message.route.to != 0 || job.file_bytes > wire::file_window)
        reject("take more of a file than was asked for");
}

void Controller::refuse(Client& client, int exit_code, std::string sentence) {
    client.link.send(wire::JobRefused{exit_code, std::move(sentence)});
}

Membership::OnProgress Controller::progress_to(const wire::SubmitJob& request,
                                               ClientPointer client) {
    if (!request.shows_progress) return {};
    return [client = std::move(client)](std::string text) {
        if (!client->is_gone) client->link.send(wire::Progress{std::move(text)});
    };
}

asio::awaitable<void> Controller::submit(ClientPointer client, wire::SubmitJob request) {
    if (request.apps.empty())
        co_return refuse(*client, wire::exit_code::usage, "no program to run");
    auto chosen = chosen_hosts(request);
    if (const auto* refusal = std::get_if<wire::JobRefused>(&chosen))
        co_return refuse(*client, refusal->exit_code, refusal->sentence);
    const auto& hosts = std::get<Hosts>(chosen);
    const bool hosts_were_named = !hosts.empty();
    if (request.wait_s > 0) co_return co_await submit_when_there(client, request, hosts);
    const std::uint64_t wanted = hosts_were_named ? 0 : slots_wanted(request);
    auto gathering = hosts_were_named ? members_.gather(hosts, wanted, progress_to(request, client))
                                      : members_.gather(wanted, progress_to(request, client));
    Gathered found = co_await std::move(gathering);
    const auto refusal = co_await place(client, request, hosts, std::move(found));
    if (refusal) refuse(*client, refusal->exit_code, refusal->sentence);
}

asio::awaitable<Controller::MaybeRefusal> Controller::place(ClientPointer client,
                                                            const wire::SubmitJob& request,
                                                            const Hosts& hosts, Gathered found) {
    if (client->is_gone) co_return std::nullopt;
    if (auto refusal = refusal_of(found, !hosts.empty())) co_return refusal;
    if (request.placement.no_local)
        std::erase_if(found.nodes,
                      [this](const Node& node) { return node.incarnation == setup_.incarnation; });
    limit_slots(found.nodes, hosts);
    std::vector<process::Machine> machines;
    if (needs_machines(request.placement) || request.display.topology) {
        std::vector<wire::Incarnation> nodes;
        for (const Node& node : found.nodes)
            nodes.push_back(node.incarnation);
        auto answers = co_await topologies_.of(std::move(nodes));
        if (client->is_gone) co_return std::nullopt;
        if (!answers)
            co_return wire::JobRefused{wire::exit_code::node_lost, answers.error().message()};
        machines = std::move(*answers);
    }
    auto planned = plan(request, found, machines);
    if (auto* refusal = std::get_if<wire::JobRefused>(&planned)) co_return std::move(*refusal);
    auto& launch = std::get<wire::LaunchJob>(planned);
    const wire::ShownPlan shown = shown_plan(request, found.nodes, machines, launch);
    if (shown.is_all || !shown.text.empty()) client->link.send(shown);
    if (!shown.is_all) begin(client, std::move(launch), notices_of(found));
    co_return std::nullopt;
}

void Controller::begin(const ClientPointer& client, wire::LaunchJob launch,
                       std::vector<std::string> notices) {
    launch.identity = client->identity;
    launch.controller = setup_.incarnation;
    launch.lease_ms = launch.ttl_ms > 0 ? launch.ttl_ms : setup_.lease_ms;
    Job& job = jobs_.add(launch.job);
    job.is_controller = true;
    job.owner = launch.identity.uid;
    job.controller = setup_.incarnation;
    job.scale = wire::scale_of(launch);
    job.lease_ms = launch.lease_ms;
    job.ttl_ms = launch.ttl_ms;
    job.client = client.get();
    client->job = job.id;
    for (wire::JobNode& node : launch.nodes)
        if (node.address.empty()) node.address = own_address(launch);
    job.nodes = launch.nodes;
    use_peers(job);
    const wire::JobAccepted accepted{launch.nodes,  launch.runs,        network_text(job),
                                     launch.window, std::move(notices), setup_.lease_ms};
    client->link.send(accepted, wire::Route{job.id, to_controller, to_controller});
    log_.info("controller: job accepted", {{"job", wire::id_text(job.id)},
                                           {"uid", launch.identity.uid},
                                           {"ranks", job.scale.ranks},
                                           {"nodes", job.scale.nodes}});
    on_job_begun(job);
    send_launch(job, launch);
}

// As the job's other nodes see us.
std::string Controller::own_address(const wire::LaunchJob& launch) {
    for (const wire::JobNode& node : launch.nodes)
        if (const Peer* peer = peers_.find(node.incarnation))
            return peer->local.address().to_string();
    return "127.0.0.1";
}

void Controller::send_launch(Job& job, const wire::LaunchJob& launch) {
    const wire::Bytes body = pack(launch);
    if (launch.nodes[0].incarnation == setup_.incarnation)
        return node_jobs_.launch(body, setup_.incarnation);
    const wire::Route route{job.id, 0, to_controller};
    switchboard_.forward(job, {MessageType::launch_job, route, body}, Origin::client);
}

std::string Controller::network_text(const Job& job) {
    for (const wire::JobNode& node : job.nodes) {
        const Peer* peer = peers_.find(node.incarnation);
        if (!peer) continue;
        const wire::Network network =
            network_of(peer->local.address().to_string(), own_interfaces());
        if (network.cidr.empty()) return network.interface;
        return network.cidr + " (" + network.interface + ")";
    }
    return "";
}

void Controller::on_job_message(Job& job, wire::Message message) {
    switch (message.type) {
    case MessageType::node_lost: {
        const auto lost = wire::body_of<wire::NodeLost>(message);
        if (lost.node < job.nodes.size()) on_node_lost(job, lost.node, lost.reason);
        return;
    }
    case MessageType::node_done:  // of one whose parent is gone: the root hears of it by us
        for (const wire::NodeIndex node : wire::body_of<wire::NodeDone>(message).nodes)
            job.done.insert(node);
        if (job.rootless) return on_heard_out(job);
        message.route.to = 0;
        return switchboard_.forward(job, std::move(message), Origin::client);
    case MessageType::start_failed: {  // of the root's own shepherd
        const auto failed = wire::body_of<wire::StartFailed>(message);
        if (failed.node >= job.nodes.size()) return;
        const wire::Failure failure{wire::FailureKind::not_started,
                                    failed.node,
                                    job.nodes[failed.node].name,
                                    failed.has_rank,
                                    failed.rank,
                                    failed.error,
                                    failed.sentence,
                                    failed.exit_code};
        job.lost.insert(0);
        return on_root_lost(job, failure);
    }
    case MessageType::file_credit:
        job.file_bytes -=
            std::min<std::uint64_t>(job.file_bytes, wire::body_of<wire::FileCredit>(message).bytes);
        break;
    case MessageType::job_started:
        job.may_outlive = job.ttl_ms > 0;
        break;
    case MessageType::job_taken:
        return on_taken(job, message.route.from, wire::body_of<wire::JobTaken>(message));
    case MessageType::output:
    case MessageType::output_dropped:
    case MessageType::output_end:
        if (is_of_another_turn(job, message.route.from)) return;
        break;
    case MessageType::job_ended:
        if (job.rootless || is_of_another_turn(job, message.route.from)) return;
        job.ended = true;
        break;
    default:
        break;
    }
    const bool ended = job.ended;
    switchboard_.forward(job, std::move(message), Origin::client);
    if (ended && !job.client) on_control_over(job);
}

void Controller::on_node_gone(Job& job, wire::NodeIndex node, const Parting& parting) {
    if (!parting.silent_since) return on_node_lost(job, node, parting.reason);
    if (job.lost.contains(node)) return;
    tasks_.spawn("report a silent node", report_silent(job.id, node, parting));
    if (job.ended) return;
    switchboard_.send(job, notice_of(job, node, parting.reason), to_controller, Origin::client);
    const wire::Failure failure = failure_of(job, node, parting.reason);
    if (node == 0) return on_root_lost(job, failure);
    if (job.rootless) return;
    const wire::EndJob end{wire::EndMode::kill, 0, failure};
    switchboard_.send(job, end, 0, Origin::client);
}

asio::awaitable<void> Controller::report_silent(wire::JobId id, wire::NodeIndex node,
                                                Parting parting) {
    const auto loop = co_await asio::this_coro::executor;
    const auto lease = Milliseconds{setup_.lease_ms};
    asio::steady_timer timer{loop};
    timer.expires_at(*parting.silent_since + lease + report_after_lease);
    co_await timer.async_wait(asio::use_awaitable);
    if (Job* job = jobs_.find(id)) on_node_lost(*job, node, parting.reason);
}

// Also when the job has ended: vrun may wait for output that will not come.
void Controller::on_node_lost(Job& job, wire::NodeIndex node, const std::string& reason) {
    if (!job.lost.insert(node).second) return;
    const wire::NodeLost notice = notice_of(job, node, reason);
    switchboard_.send(job, notice, to_controller, Origin::client);
    if (job.ended) return;
    if (!job.rootless && node != 0) return switchboard_.send(job, notice, 0, Origin::client);
    if (job.rootless) return on_heard_out(job);
    on_root_lost(job, failure_of(job, node, reason));
}

void Controller::on_bad_message(Job& job, wire::NodeIndex node, const std::string& reason) {
    log_.warning(
        "controller: a bad message ends its job",
        {{"job", wire::id_text(job.id)}, {"node", job.nodes[node].name}, {"reason", reason}});
    end_everywhere(job.id, failure_of(job, node, "its shepherd said something wrong: " + reason));
}

// Our own node may answer at once, with the last word of the job: it leaves the table then.
void Controller::end_everywhere(wire::JobId id, const wire::Failure& cause) {
    const wire::EndJob end{wire::EndMode::kill, 0, cause};
    for (wire::NodeIndex node = 0;; ++node) {
        Job* const job = jobs_.find(id);
        if (!job || node >= job->nodes.size()) return;
        if (!job->lost.contains(node)) switchboard_.send(*job, end, node, Origin::client);
    }
}

// The root may live and only be out of our reach: the nodes below it must not report to it.
void Controller::on_root_lost(Job& job, const wire::Failure& failure) {
    if (job.rootless || job.ended) return;
    job.rootless = failure;
    switchboard_.send(job, wire::JobFailed{failure}, to_controller, Origin::client);
    const wire::NodeLost notice = notice_of(job, 0, failure.text);
    const wire::JobId id = job.id;
    end_everywhere(id, failure);
    Job* const left = jobs_.find(id);
    if (!left) return;
    for (wire::NodeIndex node = 1; node < left->nodes.size(); ++node)
        switchboard_.send(*left, notice, node, Origin::client);
    on_heard_out(*left);
}

// A node may have said NodeDone before we knew that the root was lost: it lost the root as well.
void Controller::on_heard_out(Job& job) {
    for (wire::NodeIndex node = 0; node < job.nodes.size(); ++node)
        if (!job.lost.contains(node) && !job.done.contains(node)) return;
    if (job.ended) return;
    job.ended = true;
    const wire::Failure& failure = *job.rootless;
    const wire::JobEnded ended{failure.exit_code, failure, {job.lost.begin(), job.lost.end()}};
    switchboard_.send(job, ended, to_controller, Origin::client);
    if (!job.client) on_control_over(job);
}

// By the tree and by the star: a node between the root and a leaf may be the one that is stuck.
void Controller::on_client_gone(const ClientPointer& client) {
    Job* job = client->job ? jobs_.find(*client->job) : nullptr;
    if (!job || job->client != client.get()) return;
    if (job->ended || job->may_outlive) return let_go(*job);
    job->client = nullptr;
    log_.info("controller: vrun is gone, its job ends", {{"job", wire::id_text(job->id)}});
    const wire::Failure cause{
        wire::FailureKind::client_gone, to_controller, "", false, 0, 0, "vrun is gone",
        wire::exit_code::daemon_lost};
    end_everywhere(job->id, cause);
}

asio::awaitable<void> Controller::join() {
    co_await tasks_.join();
}

}  // namespace vrun::daemon
