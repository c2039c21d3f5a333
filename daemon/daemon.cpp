// SPDX-License-Identifier: Apache-2.0
#include "daemon/daemon.hpp"

#include "process/heap.hpp"
#include "wire/base/reject.hpp"
#include "wire/job_id.hpp"

namespace vrun::daemon {
namespace {

constexpr auto as_values = asio::experimental::as_tuple(asio::use_awaitable);

Keeper::Setup keeper_setup(const Daemon::Setup& setup) {
    return {setup.hello.incarnation, setup.hello.node_name, setup.spool_max};
}

}  // namespace

Daemon::Daemon(asio::any_io_executor loop, Setup setup, Log& log)
    : loop_{loop},
      setup_{std::move(setup)},
      log_{log},
      peers_{
          loop, {setup_.hello, [this] { return info(); }, setup_.tls, scale_of_jobs()}, *this, log},
      members_{loop,
               peers_,
               {setup_.hello.incarnation, setup_.hello.node_name, [this] { return info(); },
                setup_.has_network},
               setup_.sources},
      watch_{loop, members_, peers_, log},
      host_waits_{loop, members_, peers_, watch_, log},
      shepherds_{loop,
                 {setup_.hello, scale_of_jobs(), setup_.linger, setup_.socket,
                  setup_.has_only_our_orphans},
                 *this,
                 log},
      topologies_{loop, setup_.hello.incarnation, peers_, shepherds_.topology()},
      keeper_{loop, keeper_setup(setup_), jobs_, peers_, keeper_events()},
      switchboard_{connected_switchboard()},
      node_jobs_{loop,       {setup_.hello.incarnation, setup_.hello.node_name},
                 jobs_,      peers_,
                 shepherds_, switchboard_,
                 log},
      controller_{loop,
                  {setup_.hello.incarnation, static_cast<std::uint32_t>(setup_.lease.count())},
                  jobs_,
                  peers_,
                  members_,
                  host_waits_,
                  topologies_,
                  node_jobs_,
                  switchboard_,
                  log},
      job_finder_{loop, members_, peers_, keeper_, log},
      job_commands_{loop,         {setup_.hello.incarnation, setup_.hello.node_name},
                    job_finder_,  keeper_,
                    peers_,       jobs_,
                    switchboard_, controller_,
                    log},
      examiner_{loop,
                {setup_.hello.incarnation, setup_.hello.node_name, setup_.hello.software,
                 [this] { return info(); }},
                peers_,
                members_,
                shepherds_,
                log},
      host_lists_{loop, members_, watch_, log},
      hostfiles_{loop, setup_.hostfiles, setup_.on_change, watch_, peers_, log},
      clients_{loop, setup_.hello, *this, log},
      stopped_{loop, Clock::time_point::max()},
      pulse_timer_{loop},
      tasks_{loop, [this](std::string_view name, std::exception_ptr) {
                 log_.error("daemon: a task failed", {{"task", name}});
             }} {
    connect_parts();
}

Switchboard Daemon::connected_switchboard() {
    const auto to_controller = [this](Job& job, wire::Message message) {
        controller_.on_job_message(job, std::move(message));
    };
    const auto keep = [this](Job& job, wire::Message& message) {
        return keeper_.keep(job, message);
    };
    return {peers_, to_controller, keep};
}

void Daemon::connect_parts() {
    node_jobs_.on_launch = [this](const wire::LaunchJob& launch, wire::NodeIndex self) {
        keeper_.begin(launch, self);
    };
    node_jobs_.on_part_over = [this](Job& job) {
        const wire::JobId id = job.id;
        keeper_.end_part(id);  // its last word may be all that the controller waits for
        if (Job* left = jobs_.find(id)) on_part_over(*left);
    };
    job_commands_.on_wait = [this] { start_pulse(); };
    controller_.on_control_over = [this](Job& job) { on_part_over(job); };
    controller_.on_job_begun = [this](Job&) { start_pulse(); };
    watch_.on_begun = host_waits_.on_begun = [this] { start_pulse(); };
}

wire::ScaleOf Daemon::scale_of_jobs() {
    return [this](auto type, auto route, auto start) {
        const std::optional<wire::Scale> scale = jobs_.scale_of(type, route, start);
        if (scale) return scale;
        if (type == wire::MessageType::take_job) return std::optional{wire::Scale{}};
        return keeper_.scale_of(route.job);
    };
}

wire::NodeInfo Daemon::info() const {
    wire::NodeInfo info = setup_.info;
    info.jobs = jobs_.ids();
    return info;
}

void Daemon::keep_connected() {
    staying_connected_ = watch_.hold(Pace::later, {});
}

void Daemon::on_peer_message(Peer& peer, wire::Message message) {
    const wire::Incarnation from = peer.hello.incarnation;
    if (message.type == wire::MessageType::beat) {
        // A mere answer: it has no job with us (any more).
        if (wire::body_of<wire::Beat>(message).number > 0) node_jobs_.renew_leases(from);
        return;
    }
    if (message.type == wire::MessageType::launch_job) {
        node_jobs_.launch(message.body, from);
        return start_pulse();
    }
    if (message.type == wire::MessageType::get_health)
        return examiner_.on_question(from, wire::body_of<wire::GetHealth>(message));
    if (message.type == wire::MessageType::health)
        return examiner_.on_answer(from, wire::body_of<wire::Health>(message));
    if (message.type == wire::MessageType::get_topology ||
        message.type == wire::MessageType::topology)
        return topologies_.on_peer_message(peer, message);
    if (hear_of_jobs(peer, message)) return;
    if (!wire::traits_of(message.type).routed) reject("hear a daemon");
    Job* job = jobs_.find(message.route.job);
    if (!job && keeper_.hear_late(from, message)) return;
    if (!job && message.type == wire::MessageType::end_job)
        return node_jobs_.refuse_late_launch(peer, message.route);
    if (!job || (from != job->controller && !node_of(*job, from))) return;
    const bool is_order = message.route.from == wire::to_controller;
    if (is_order && job->ttl_ms > 0 && from != job->controller) return;  // it was taken from them
    try {
        switchboard_.forward(*job, std::move(message), Origin::node);
    } catch (const std::system_error& error) {
        if (!job->is_controller) throw;
        controller_.on_bad_message(*job, node_of(*job, from).value_or(0), error.what());
    }
}

void Daemon::on_peer_gone(wire::Incarnation peer, const Parting& parting) {
    topologies_.on_peer_gone(peer);
    for (const wire::JobId id : jobs_.ids()) {
        Job* job = jobs_.find(id);
        if (!job) continue;
        job->peers.erase(peer);
        const std::optional<wire::NodeIndex> node = node_of(*job, peer);
        if (node) node_jobs_.on_neighbour_lost(*job, *node, parting.reason);
        if (job->is_controller && node) controller_.on_node_gone(*job, *node, parting);
        job = jobs_.find(id);
        if (job && job->controller == peer) node_jobs_.on_controller_lost(*job, parting.reason);
    }
    keeper_.on_peer_gone(peer);
    job_finder_.on_peer_gone(peer);
    job_commands_.on_peer_gone(peer, parting.reason);
    watch_.on_peer_gone(peer, parting.reason);
    host_waits_.on_peer_gone(peer, parting.reason);
}

// Which jobs there are, and who has or wants them. True: the message was of these.
bool Daemon::hear_of_jobs(Peer& peer, const wire::Message& message) {
    const wire::Incarnation from = peer.hello.incarnation;
    switch (message.type) {
    case wire::MessageType::get_jobs:
        job_finder_.on_question(peer, wire::body_of<wire::GetJobs>(message));
        return true;
    case wire::MessageType::job_reports:
        job_finder_.on_answer(from, wire::body_of<wire::JobReports>(message));
        return true;
    case wire::MessageType::await_job:
        keeper_.await(wire::body_of<wire::AwaitJob>(message).job, from);
        return true;
    case wire::MessageType::job_outcome:
        job_commands_.on_outcome(wire::body_of<wire::JobOutcome>(message));
        return true;
    case wire::MessageType::kill_job:
        job_commands_.on_kill(wire::body_of<wire::KillJob>(message));
        return true;
    case wire::MessageType::take_job:
        keeper_.take(from, message);
        return true;
    default:
        return false;
    }
}

Keeper::Events Daemon::keeper_events() {
    Keeper::Events events;
    events.to_own_controller = [this](wire::JobId id, wire::Message message) {
        Job* const job = jobs_.find(id);
        if (job && job->is_controller) controller_.on_job_message(*job, std::move(message));
    };
    events.on_taken = [this](Job& job, wire::Incarnation before) { on_taken(job, before); };
    events.on_outcome = [this](const wire::JobOutcome& outcome) {
        job_commands_.on_outcome(outcome);
    };
    return events;
}

// Its beats count from now on; those of the one before no more.
void Daemon::on_taken(Job& job, wire::Incarnation before) {
    const wire::Incarnation ours = setup_.hello.incarnation;
    if (job.node_part_over) return;
    if (job.controller != ours && peers_.find(job.controller) &&
        job.peers.insert(job.controller).second)
        peers_.use(job.controller);
    if (before != job.controller && !node_of(job, before) && job.peers.erase(before) > 0)
        peers_.release(before);
    node_jobs_.renew_lease(job);
}

void Daemon::on_shepherd_message(Shepherd& shepherd, wire::Message message) {
    node_jobs_.on_shepherd_message(shepherd, std::move(message));
}

void Daemon::on_shepherd_gone(Shepherd& shepherd, const std::string& reason) {
    node_jobs_.on_shepherd_gone(shepherd, reason);
}

void Daemon::on_client_message(const ClientPointer& client, wire::Message message) {
    if (message.type == wire::MessageType::examine_hosts)
        return tasks_.spawn("examine", examine(client));
    if (message.type == wire::MessageType::list_hosts)
        return host_lists_.answer(client, wire::body_of<wire::ListHosts>(message));
    if (message.type == wire::MessageType::job_command)
        return job_commands_.answer(client, wire::body_of<wire::JobCommand>(message));
    controller_.on_client_message(client, std::move(message));
}

asio::awaitable<void> Daemon::examine(ClientPointer client) {
    const wire::Examination result = co_await examiner_.examine(client->identity);
    client->link.send(result);
}

void Daemon::on_client_gone(const ClientPointer& client) {
    host_lists_.on_client_gone(client);
    host_waits_.on_client_gone(client);
    job_commands_.on_client_gone(client);
    controller_.on_client_gone(client);
    if (setup_.ends_with_clients && clients_.count() == 0 && jobs_.empty()) stop();
}

// A job leaves the table when neither role of ours needs it: its vrun closed it or is gone, and our
// shepherd is done with it.
void Daemon::on_part_over(Job& job) {
    const bool node_is_done = !job.self || job.node_part_over;
    const bool control_is_done = !job.is_controller || (job.ended && !job.client);
    if (node_is_done && control_is_done) erase(job);
}

void Daemon::erase(Job& job) {
    const wire::JobId id = job.id;
    const auto peers = std::exchange(job.peers, {});
    jobs_.erase(id);
    for (const wire::Incarnation peer : peers)
        peers_.release(peer);
    log_.info("daemon: job over", {{"job", wire::id_text(id)}});
    if (jobs_.empty()) {
        if (!is_watching()) pulse_timer_.cancel();
        process::return_freed_memory();
    }
    if (setup_.ends_with_clients && clients_.count() == 0 && jobs_.empty()) stop();
}

void Daemon::start_pulse() {
    if (is_pulsing_) return;
    is_pulsing_ = true;
    stall_.reset();
    tasks_.spawn("pulse", pulse());
}

// Beats and leases out, verdicts on who fell silent: once a second while there are jobs, or
// somebody watches.
asio::awaitable<void> Daemon::pulse() {
    while ((!jobs_.empty() || is_watching()) && !is_stopping_) {
        const Clock::time_point now = Clock::now();
        const Milliseconds gap = stall_.tick(now);
        clients_.beat();
        node_jobs_.renew_leases(setup_.hello.incarnation);
        peers_.beat(now, gap, setup_.lease);
        shepherds_.judge(now, gap, setup_.lease);
        watch_.tick();
        host_waits_.tick();
        pulse_timer_.expires_after(beat_interval);
        co_await pulse_timer_.async_wait(as_values);
    }
    is_pulsing_ = false;
}

asio::awaitable<void> Daemon::run() {
    while (!is_stopping_)
        co_await stopped_.async_wait(as_values);
    clients_.stop();
    host_lists_.stop();
    hostfiles_.stop();
    staying_connected_.give_back();
    watch_.stop();
    controller_.stop();
    host_waits_.stop();
    job_commands_.stop();
    job_finder_.stop();
    keeper_.stop();
    examiner_.stop();
    members_.stop();
    node_jobs_.stop();
    shepherds_.stop();
    tasks_.cancel();
    co_await shepherds_.join();  // the guards sweep what they started
    peers_.stop();
    co_await clients_.join();
    co_await host_lists_.join();
    co_await hostfiles_.join();
    co_await watch_.join();
    co_await controller_.join();
    co_await host_waits_.join();
    co_await job_commands_.join();
    co_await job_finder_.join();
    co_await examiner_.join();
    co_await members_.join();
    co_await node_jobs_.join();
    co_await peers_.join();
    co_await tasks_.join();
}

void Daemon::stop() noexcept {
    is_stopping_ = true;
    stopped_.cancel();
    pulse_timer_.cancel();
}

}  // namespace vrun::daemon
