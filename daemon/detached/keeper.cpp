// SPDX-License-Identifier: Apache-2.0
#include "daemon/detached/keeper.hpp"

#include "daemon/shepherds.hpp"
#include "wire/job_id.hpp"

#include <algorithm>

namespace vrun::daemon {

using wire::MessageType;
using wire::to_controller;

Keeper::Keeper(asio::any_io_executor loop, Setup setup, JobTable& jobs, Peers& peers, Events events)
    : setup_{std::move(setup)},
      jobs_{jobs},
      peers_{peers},
      events_{std::move(events)},
      expiry_{loop} {}

Keeper::Kept* Keeper::find(wire::JobId id) {
    const auto found = kept_.find(id);
    return found == kept_.end() ? nullptr : &found->second;
}

std::optional<wire::Scale> Keeper::scale_of(wire::JobId id) const {
    const auto found = kept_.find(id);
    if (found == kept_.end()) return std::nullopt;
    return found->second.job.scale();
}

void Keeper::begin(const wire::LaunchJob& launch, wire::NodeIndex self) {
    kept_.erase(launch.job);
    kept_.emplace(launch.job, Kept{KeptJob{launch, self, Clock::now()}, launch.controller});
}

void Keeper::end_part(wire::JobId id) {
    Kept* kept = find(id);
    if (!kept) return;
    Deliveries deliveries = kept->job.end_part();
    tell_outcome(id, *kept);
    if (!kept->job.is_detached()) {
        kept_.erase(id);
        return;
    }
    kept->forget_at = Clock::now() + Milliseconds{kept->job.ttl_ms()};
    deliver(id, std::move(deliveries));
    forget_old();
}

bool Keeper::keep(Job& job, wire::Message& message) {
    const wire::JobId id = job.id;  // what is delivered may end the job
    Kept* const kept = find(id);
    if (!kept) {
        if (message.type == MessageType::take_job) take(setup_.self, message);
        return message.type == MessageType::take_job;
    }
    if (message.route.to != wire::to_controller) {
        if (message.type == MessageType::take_job) return take(setup_.self, message), true;
        return hear_from_controller(id, *kept, message);
    }
    if (!kept->job.is_detached()) {
        kept->job.note(message);
        tell_outcome(id, *kept);
        return false;
    }
    Deliveries deliveries = kept->job.hear(std::move(message));
    tell_outcome(id, *kept);
    deliver(id, std::move(deliveries));
    bound(id);
    return true;
}

// True: the shepherd need not hear it, or cannot.
bool Keeper::hear_from_controller(wire::JobId id, Kept& kept, const wire::Message& message) {
    if (!kept.job.is_detached()) return false;
    if (message.type == MessageType::credit) {
        const auto credit = wire::body_of<wire::Credit>(message);
        if (credit.stream == wire::StreamId::in) return false;
        deliver(id, kept.job.credit(credit));
        return true;
    }
    if (!kept.job.is_part_over()) return false;
    if (message.type != MessageType::end_job) return true;
    Deliveries done;
    const wire::Route route{id, wire::to_controller, kept.job.self()};
    done.to_controller.push_back(wire::message_of(wire::NodeDone{{kept.job.self()}}, route));
    deliver(id, std::move(done));
    return true;
}

bool Keeper::hear_late(wire::Incarnation from, const wire::Message& message) {
    const wire::JobId id = message.route.job;
    Kept* const kept = find(id);
    if (!kept || !kept->job.is_detached()) return false;
    const bool is_of_the_tree = message.route.from != wire::to_controller;
    if (message.type == MessageType::end_job && is_of_the_tree) return false;
    if (from == kept->controller) (void)hear_from_controller(id, *kept, message);
    return true;
}

// Whoever is second of two that take a job at once hears so, whichever node it asks first.
void Keeper::take(wire::Incarnation from, const wire::Message& message) {
    const wire::JobId id = message.route.job;
    const auto order = wire::body_of<wire::TakeJob>(message);
    Kept* const kept = find(id);
    if (!kept || !kept->job.is_detached()) {
        const wire::NodeLost lost{message.route.to, setup_.name, "",
                                  "it knows nothing of the job any more"};
        const wire::Route route{id, wire::to_controller, message.route.to};
        return to_controller(from, wire::message_of(lost, route));
    }
    if (std::pair{order.turn, from} < std::pair{kept->turn, kept->controller})
        return tell_taken(from, id, *kept);
    const wire::Incarnation before = std::exchange(kept->controller, from);
    kept->turn = order.turn;
    kept->by = order.by;
    if (before != from) tell_taken(before, id, *kept);
    if (Job* job = jobs_.find(id)) {
        job->controller = from;
        events_.on_taken(*job, before);
    }
    tell_taken(from, id, *kept);
    deliver(id, kept->job.take(order.reads));
    bound(id);
    if (!order.reads) forget_old();
}

void Keeper::tell_taken(wire::Incarnation whom, wire::JobId id, const Kept& kept) {
    const wire::JobTaken taken{kept.turn, kept.controller, kept.by};
    const wire::Route route{id, wire::to_controller, kept.job.self()};
    to_controller(whom, wire::message_of(taken, route));
}

void Keeper::to_controller(wire::Incarnation controller, wire::Message message) {
    const wire::JobId id = message.route.job;
    if (controller == setup_.self) return events_.to_own_controller(id, std::move(message));
    if (Peer* peer = peers_.find(controller)) peer->link.send(std::move(message));
}

void Keeper::deliver(wire::JobId id, Deliveries deliveries) {
    Kept* const kept = find(id);
    if (!kept) return;
    const wire::Incarnation controller = kept->controller;
    const wire::Route route{id, kept->job.self(), wire::to_controller};
    Job* const job = jobs_.find(id);
    for (const wire::Credit& credit : deliveries.to_shepherd)
        if (job && job->shepherd)
            job->shepherd->link.send(credit, route);
        else if (job && !job->node_part_over)
            job->held.push_back(wire::message_of(credit, route));
    for (wire::Message& message : deliveries.to_controller)
        to_controller(controller, std::move(message));
}

void Keeper::on_peer_gone(wire::Incarnation peer) {
    for (auto& [id, kept] : kept_) {
        kept.waiting.erase(peer);
        if (kept.controller != peer || !kept.job.is_detached()) continue;
        deliver(id, kept.job.lose_reader());
        bound(id);
    }
    forget_old();
}

// A job first pays for itself; for all together, the one that has most. What is under way to a
// reader is bounded by its window, and stays.
void Keeper::bound(wire::JobId id) {
    Kept* const kept = find(id);
    if (!kept || kept->job.reads()) return;
    Spool& spool = kept->job.spool();
    while (spool.size() > setup_.spool_max && spool.drop_oldest()) {
    }
    std::size_t all = 0;
    for (auto& [other, one] : kept_)
        all += one.job.spool().size();
    while (all > full_spools * setup_.spool_max) {
        Spool* largest = nullptr;
        for (auto& [other, one] : kept_)
            if (!one.job.reads() && (!largest || one.job.spool().size() > largest->size()))
                largest = &one.job.spool();
        const std::size_t before = largest->size();
        if (!largest->drop_oldest()) return;
        all -= before - largest->size();
    }
}

// For a list, of which every node sends one: what the root says is shown.
void Keeper::shorten(wire::JobReport& report) {
    report.runs.clear();
    if (report.self != 0) report.nodes.resize(1);
}

std::vector<wire::JobReport> Keeper::reports(std::uint32_t uid, std::string_view id) {
    forget_old();
    const Clock::time_point now = Clock::now();
    std::vector<wire::JobReport> reports;
    for (const auto& [job, kept] : kept_) {
        if (uid != 0 && kept.job.owner() != uid) continue;
        if (!wire::id_text(job).starts_with(id)) continue;
        wire::JobReport& report = reports.emplace_back(kept.job.report(now));
        if (id.empty()) shorten(report);
        report.turn = kept.turn;
        if (const Peer* peer = peers_.find(kept.controller))
            report.controller = peer->hello.node_name;
        if (kept.controller == setup_.self) report.controller = setup_.name;
    }
    return reports;
}

void Keeper::await(wire::JobId id, wire::Incarnation who) {
    Kept* const kept = find(id);
    if (!kept || kept->job.self() != 0) return answer(who, {id, /*is_known=*/false, 0, {}});
    kept->waiting.insert(who);
    tell_outcome(id, *kept);
}

void Keeper::tell_outcome(wire::JobId id, Kept& kept) {
    if (!kept.job.outcome()) return;
    const wire::JobOutcome outcome{id, true, kept.job.outcome()->exit_code,
                                   kept.job.outcome()->failure};
    for (const wire::Incarnation who : std::exchange(kept.waiting, {}))
        answer(who, outcome);
}

void Keeper::answer(wire::Incarnation who, const wire::JobOutcome& outcome) {
    if (who == setup_.self) return events_.on_outcome(outcome);
    if (Peer* peer = peers_.find(who)) peer->link.send(outcome);
}

void Keeper::forget_old() {
    const Clock::time_point now = Clock::now();
    std::vector<std::pair<Clock::time_point, wire::JobId>> ended;
    for (const auto& [id, kept] : kept_)
        if (kept.forget_at && !kept.job.reads()) ended.emplace_back(*kept.forget_at, id);
    std::ranges::sort(ended);
    const std::size_t too_many = ended.size() - std::min(ended.size(), ended_jobs_max);
    for (std::size_t i = 0; i < ended.size(); ++i)
        if (i < too_many || ended[i].first <= now) kept_.erase(ended[i].second);
    arm_expiry();
}

void Keeper::arm_expiry() {
    std::optional<Clock::time_point> next;
    for (const auto& [id, kept] : kept_)
        if (kept.forget_at && !kept.job.reads())
            next = std::min(next.value_or(*kept.forget_at), *kept.forget_at);
    if (!next) {
        expiry_.cancel();
        return;
    }
    expiry_.expires_at(std::max(*next, Clock::now()));
    expiry_.async_wait([this](std::error_code error) {
        if (!error) forget_old();
    });
}

}  // namespace vrun::daemon
