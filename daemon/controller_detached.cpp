// SPDX-License-Identifier: Apache-2.0
// What a controller does with jobs that outlive their vrun: takes them, and lets them go.
#include "daemon/controller.hpp"
#include "wire/job_id.hpp"
#include "wire/job_map.hpp"
#include "wire/messages/answer.hpp"

#include <algorithm>

namespace vrun::daemon {

using wire::to_controller;

void Controller::use_peers(Job& job) {
    for (const wire::JobNode& node : job.nodes)
        if (peers_.find(node.incarnation) && job.peers.insert(node.incarnation).second)
            peers_.use(node.incarnation);
}

void Controller::take(const ClientPointer& client, const wire::JobReport& report) {
    Job& job = jobs_.add(report.job);
    const std::string by =
        "uid " + std::to_string(client->identity.uid) + " on node " + node_jobs_.node_name();
    if (job.client) lose_client(job, by);
    if (!job.self && (job.self = node_of(report.nodes, setup_.incarnation)))
        job.node_part_over = true;  // else it were in the table
    job.is_controller = true;
    job.controller = setup_.incarnation;
    job.owner = report.owner;
    job.nodes = report.nodes;
    job.scale = {wire::rank_count(report.runs), report.nodes.size()};
    job.lease_ms = job.ttl_ms = report.ttl_ms;
    job.may_outlive = true;
    job.turn = std::max(report.turn, job.turn) + 1;
    job.taken_by = by;
    job.ours.clear();
    job.lost.clear();
    job.done.clear();
    job.rootless.reset();
    job.ended = false;
    job.client = client.get();
    client->job = job.id;
    use_peers(job);
    const wire::JobAccepted accepted{report.nodes,  report.runs, network_text(job),
                                     report.window, {},          setup_.lease_ms};
    client->link.send(accepted, wire::Route{job.id, to_controller, to_controller});
    log_.info("controller: job taken", {{"job", wire::id_text(job.id)}, {"by", by}});
    on_job_begun(job);
    order_take(job, /*reads=*/true);
}

// Who is out of our reach may be well: the job goes on there, and its output waits for a reader who
// gets there. Our own node is last: it may have the last word of the job, which leaves the table.
void Controller::order_take(Job& job, bool reads) {
    const wire::TakeJob order{job.turn, reads, job.taken_by};
    std::optional<wire::NodeIndex> own;
    for (wire::NodeIndex node = 0; node < job.nodes.size(); ++node) {
        const wire::Incarnation there = job.nodes[node].incarnation;
        if (job.lost.contains(node)) continue;
        if (there == setup_.incarnation)
            own = node;
        else if (peers_.find(there))
            switchboard_.send(job, order, node, Origin::client);
        else
            leave_out(job, node);
    }
    if (own) switchboard_.send(job, order, *own, Origin::client);
}

// Its client has all that it wanted, or is gone.
void Controller::let_go(Job& job) {
    const wire::JobId id = job.id;
    job.client = nullptr;
    if (job.turn > 0) order_take(job, /*reads=*/false);
    Job* const left = jobs_.find(id);
    if (left && left->ended) on_control_over(*left);
}

void Controller::leave_out(Job& job, wire::NodeIndex node) {
    if (!job.lost.insert(node).second) return;
    const std::string reason = "node " + node_jobs_.node_name() +
                               " cannot reach it; the job goes on, what its ranks say is not shown";
    switchboard_.send(job, notice_of(job, node, reason), to_controller, Origin::client);
}

// Of what a node had sent when the job was taken again, all that counts is said once more.
bool Controller::is_of_another_turn(const Job& job, wire::NodeIndex node) {
    return job.turn > 0 && !job.ours.contains(node);
}

// Late news of a turn before ours is none.
void Controller::on_taken(Job& job, wire::NodeIndex node, const wire::JobTaken& taken) {
    if (!job.is_controller) return;
    if (taken.controller == setup_.incarnation) {
        if (taken.turn == job.turn) job.ours.insert(node);
        return;
    }
    if (std::pair{taken.turn, taken.controller} < std::pair{job.turn, setup_.incarnation}) return;
    log_.info("controller: job taken from us", {{"job", wire::id_text(job.id)}, {"by", taken.by}});
    job.is_controller = false;
    if (job.client) {
        lose_client(job, taken.by);
        order_take(job, /*reads=*/false);  // whom the new reader cannot reach would wait for ours
    }
    job.controller = taken.controller;
    on_control_over(job);
}

void Controller::lose_client(Job& job, const std::string& by) {
    refuse(*job.client, wire::exit_code::no_job,
           "job " + wire::id_text(job.id) + " was attached by " + by);
    job.client->job.reset();
    job.client = nullptr;
}

}  // namespace vrun::daemon
