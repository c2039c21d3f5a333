// SPDX-License-Identifier: Apache-2.0
#include "daemon/node_jobs.hpp"

#include "daemon/cgroup.hpp"
#include "daemon/launch_body.hpp"
#include "daemon/resources.hpp"
#include "wire/base/escape.hpp"
#include "wire/base/reject.hpp"
#include "wire/job_id.hpp"
#include "wire/job_map.hpp"
#include "wire/messages/io.hpp"
#include "wire/messages/notice.hpp"
#include "wire/tree.hpp"

namespace vrun::daemon {
namespace {

constexpr std::chrono::minutes launch_late_max{1};  // by then its sender is lost as well

// The messages that end a shepherd's part: the root's last word, and everybody else's.
bool ends_part(wire::MessageType type) {
    return type == wire::MessageType::job_ended || type == wire::MessageType::node_done;
}

}  // namespace

NodeJobs::NodeJobs(asio::any_io_executor loop, Self self, JobTable& jobs, Peers& peers,
                   Shepherds& shepherds, Switchboard& switchboard, Log& log)
    : self_{std::move(self)},
      jobs_{jobs},
      peers_{peers},
      shepherds_{shepherds},
      switchboard_{switchboard},
      log_{log},
      tasks_{loop, [this](std::string_view name, std::exception_ptr) {
                 log_.error("jobs: a task failed", {{"task", name}});
             }} {}

void NodeJobs::launch(std::span<const std::byte> body, wire::Incarnation from) {
    Result<wire::LaunchJob> launch = unpack(body);
    if (!launch) throw std::system_error{launch.error().code, launch.error().doing};
    if (ended_early_.contains(launch->job)) return;
    const Job* known = jobs_.find(launch->job);
    if (known && (known->self || !known->is_controller)) reject("launch a job twice");
    const bool is_ours = launch->controller == self_.incarnation;
    if (known && !is_ours) reject("launch a job of ours for another controller");
    if (is_ours && !known) return;  // it ended before this came round by the tree
    const auto self = node_of(launch->nodes, self_.incarnation);
    if (!self) reject("launch a job that has no ranks here");
    Job& job = jobs_.add(launch->job);
    job.self = self;
    job.owner = launch->identity.uid;
    job.controller = launch->controller;
    job.nodes = launch->nodes;
    job.scale = wire::scale_of(*launch);
    job.lease_ms = launch->lease_ms;
    job.ttl_ms = launch->ttl_ms;
    on_launch(*launch, *self);
    for (const wire::Incarnation peer : {launch->controller, from})
        if (peer != self_.incarnation && job.peers.insert(peer).second) peers_.use(peer);
    log_.info("jobs: launching",
              {{"job", wire::id_text(job.id)}, {"node", *job.self}, {"ranks", job.scale.ranks}});
    for (const wire::NodeIndex child :
         wire::tree_children(*job.self, static_cast<wire::NodeIndex>(job.nodes.size())))
        tasks_.spawn("pass on", pass_on(job.id, child, job.nodes[child],
                                        wire::Bytes{body.begin(), body.end()}));
    tasks_.spawn("start", start(*job.self, std::move(*launch)));
}

asio::awaitable<std::optional<Error>> NodeJobs::reach(wire::JobNode node) {
    if (peers_.find(node.incarnation)) co_return std::nullopt;
    std::error_code error;
    const auto address = asio::ip::make_address(node.address, error);
    if (error)
        co_return Error{error, "reach node " + escaped(node.name) + " at " + escaped(node.address)};
    const Endpoint endpoint{address, node.port};
    const Result<wire::Incarnation> found = co_await peers_.connect(endpoint);
    if (!found) co_return found.error();
    if (*found == node.incarnation) co_return std::nullopt;
    co_return Error{std::make_error_code(std::errc::host_unreachable),
                    "reach node " + escaped(node.name) + ", where another daemon answers now"};
}

asio::awaitable<void> NodeJobs::pass_on(wire::JobId id, wire::NodeIndex child, wire::JobNode node,
                                        wire::Bytes body) {
    std::optional<Error> error = co_await reach(node);
    Job* job = jobs_.find(id);
    if (!job || !job->self) co_return;
    Peer* peer = peers_.find(node.incarnation);
    if (!error && !peer)  // gone again in the meantime
        error = Error{asio::error::connection_reset, "reach node " + escaped(node.name)};
    if (error) {
        report_not_started(*job, child, *error, wire::exit_code::node_lost);
        announce_lost(*job, child, error->message());
        co_return;
    }
    if (job->peers.insert(node.incarnation).second) peers_.use(node.incarnation);
    const wire::Route route{id, child, *job->self};
    peer->link.send({wire::MessageType::launch_job, route, std::move(body)});
}

asio::awaitable<void> NodeJobs::start(wire::NodeIndex self, wire::LaunchJob launch) {
    const wire::JobId id = launch.job;
    const std::string name = launch.nodes[self].name;
    Result<Shepherd*> shepherd = co_await shepherds_.acquire(launch.identity, name);
    Job* job = jobs_.find(id);
    if (shepherd && (!job || job->node_part_over)) {
        shepherds_.release(**shepherd);
        co_return;
    }
    if (!job) co_return;
    if (shepherd) co_return serve(*job, **shepherd, std::move(launch));
    log_.error("jobs: cannot start",
               {{"job", wire::id_text(id)}, {"reason", shepherd.error().message()}});
    const bool is_forbidden = shepherd.error().code == std::errc::operation_not_permitted;
    report_not_started(*job, self, shepherd.error(),
                       is_forbidden ? wire::exit_code::refused : wire::exit_code::node_lost);
    announce_lost(*job, self, "cannot " + shepherd.error().message());
    end_part(*job);
}

void NodeJobs::serve(Job& job, Shepherd& shepherd, wire::LaunchJob launch) {
    shepherd.job = job.id;
    shepherd.silence.heard(Clock::now());
    job.shepherd = &shepherd;
    CorePlan plan = plan_for(job, launch);
    if (!plan.problem.empty()) return refuse_ranks(job, shepherd, plan.problem);
    const wire::NodeNotice notice{wire::NoticeKind::unbound, plan.notice};
    if (!plan.notice.empty()) switchboard_.send(job, notice, wire::to_controller);
    job.cores = std::move(plan.held);
    const bool needs_network = job.nodes.size() > 1 || launch.kind == wire::JobKind::shell;
    const wire::Network network = needs_network ? network_for(job) : wire::Network{};
    wire::StartRanks start{std::move(launch), *job.self, network, {}};
    for (const process::CpuSet& cpus : plan.ranks)
        start.cpus.push_back(cpus.text());
    shepherd.link.send(start, wire::Route{job.id, *job.self, *job.self});
    for (wire::Message& message : job.held)
        shepherd.link.send(std::move(message));
    job.held.clear();
}

// Decided here, so that two controllers cannot give the same cores away.
CorePlan NodeJobs::plan_for(const Job& job, const wire::LaunchJob& launch) {
    if (never_binds(launch)) return {};
    const process::Machine* const whole = shepherds_.topology().machine();
    if (!whole) return {};
    const process::CpuSet allowed = process::allowed_cpus();
    const std::optional<double> quota = cpu_quota();
    const bool quota_rules = quota && *quota < static_cast<double>(core_count(allowed));
    return plan_cores(whole->restricted(allowed), jobs_.held_cores(), launch, *job.self,
                      quota_rules || peers_.shares_cores());
}

// The node as a whole cannot do what was asked: the root hears why, then that we are out.
void NodeJobs::refuse_ranks(Job& job, Shepherd& shepherd, const std::string& problem) {
    job.shepherd = nullptr;
    shepherds_.release(shepherd);
    const wire::StartFailed failed{*job.self, false, 0, 0, wire::exit_code::too_few_slots, problem};
    switchboard_.send(job, failed, job.self == 0u ? wire::to_controller : 0);
    announce_lost(job, *job.self, "it cannot bind the ranks as asked");
    end_part(job);
}

// The network that carried the job to us; on the controller's node, the one it goes out by. Nothing
// where no other node takes part.
wire::Network NodeJobs::network_for(const Job& job) {
    const Peer* peer = peers_.find(job.controller);
    for (const wire::JobNode& node : job.nodes) {
        if (peer) break;
        if (node.incarnation != self_.incarnation) peer = peers_.find(node.incarnation);
    }
    if (!peer) return {};
    return network_of(peer->local.address().to_string(), own_interfaces());
}

void NodeJobs::report_not_started(Job& job, wire::NodeIndex node, const Error& error,
                                  int exit_code) {
    const wire::StartFailed failed{node, false, 0, error.code.value(), exit_code, error.message()};
    const bool root_is_dead = job.self == 0u && node == 0;
    switchboard_.send(job, failed, root_is_dead ? wire::to_controller : 0);
}

// A node of the tree is out, as seen from its neighbour or from itself: the shepherds beside it and
// the controller hear of it, and the root by them.
void NodeJobs::announce_lost(Job& job, wire::NodeIndex node, const std::string& reason) {
    const wire::NodeLost lost = notice_of(job, node, reason);
    switchboard_.send(job, lost, wire::to_controller);
    if (node != *job.self) return switchboard_.send(job, lost, *job.self);
    for (const wire::NodeIndex neighbour : tree_neighbours(node, job.nodes.size()))
        switchboard_.send(job, lost, neighbour);
}

void NodeJobs::on_neighbour_lost(Job& job, wire::NodeIndex node, const std::string& reason) {
    if (!job.self || job.node_part_over) return;
    const auto neighbours = tree_neighbours(*job.self, job.nodes.size());
    if (std::ranges::find(neighbours, node) == neighbours.end()) return;
    const wire::NodeLost lost = notice_of(job, node, reason);
    switchboard_.send(job, lost, *job.self);
}

void NodeJobs::on_controller_lost(Job& job, const std::string& reason) {
    if (!job.self || job.node_part_over || job.ttl_ms > 0) return;
    const wire::Failure cause{
        wire::FailureKind::client_gone,      wire::to_controller,         "", false, 0, 0,
        "the controller is gone: " + reason, wire::exit_code::daemon_lost};
    const wire::Route route{job.id, *job.self, wire::to_controller};
    switchboard_.forward(job, wire::message_of(wire::EndJob{wire::EndMode::kill, 0, cause}, route),
                         Origin::node);
}

void NodeJobs::refuse_late_launch(Peer& sender, wire::Route route) {
    const wire::Route back{route.job, route.from, route.to};
    if (route.from == wire::to_controller) {
        const Clock::time_point now = Clock::now();
        std::erase_if(ended_early_,
                      [&](const auto& entry) { return now - entry.second > launch_late_max; });
        ended_early_[route.job] = now;
        sender.link.send(wire::OutputEnd{}, back);  // vrun would wait for it
    }
    sender.link.send(wire::NodeDone{{route.to}}, back);
}

void NodeJobs::renew_leases(wire::Incarnation controller) {
    for (const wire::JobId id : jobs_.ids()) {
        const Job& job = *jobs_.find(id);
        if (job.controller == controller) renew_lease(job);
    }
}

void NodeJobs::renew_lease(const Job& job) {
    if (!job.shepherd || job.shepherd->link.has_urgent_queued()) return;
    job.shepherd->link.send(wire::Lease{{{job.id, job.lease_ms}}});
}

void NodeJobs::on_shepherd_message(Shepherd& shepherd, wire::Message message) {
    if (message.type == wire::MessageType::beat) return;
    Job* job = shepherd.job ? jobs_.find(*shepherd.job) : nullptr;
    const bool is_known = job && message.route.job == job->id && job->shepherd == &shepherd;
    if (!wire::traits_of(message.type).routed || message.type == wire::MessageType::launch_job)
        reject("hear a shepherd");
    if (!is_known) return;  // of a job that is over
    message.route.from = *job->self;
    const bool is_last = ends_part(message.type);
    switchboard_.forward(*job, std::move(message), Origin::node);
    if (!is_last) return;
    job->shepherd = nullptr;
    shepherds_.release(shepherd);
    end_part(*job);
}

void NodeJobs::on_shepherd_gone(Shepherd& shepherd, const std::string& reason) {
    Job* job = shepherd.job ? jobs_.find(*shepherd.job) : nullptr;
    if (!job || job->shepherd != &shepherd) return;
    job->shepherd = nullptr;
    announce_lost(*job, *job->self, reason);
    end_part(*job);
}

void NodeJobs::end_part(Job& job) {
    job.node_part_over = true;
    job.cores = {};
    job.held.clear();
    on_part_over(job);
}

asio::awaitable<void> NodeJobs::join() {
    co_await tasks_.join();
}

}  // namespace vrun::daemon
