// SPDX-License-Identifier: Apache-2.0
// What a Job hears from other nodes and from vrun.
#include "daemon/shepherd/job.hpp"
#include "wire/messages/end.hpp"

namespace vrun::shepherd {

using wire::body_of;
using wire::MessageType;
using wire::NodeIndex;

void Job::on_message(const wire::Message& message) {
    if (hear_wireup(message) || hear_io(message) || hear_files(message)) return;
    hear_report(message);
}

bool Job::hear_wireup(const wire::Message& message) {
    const NodeIndex from = message.route.from;
    switch (message.type) {
    case MessageType::fence_contribution:
        wireup_.on_contribution(from, body_of<wire::FenceContribution>(message));
        return true;
    case MessageType::fence_result:
        wireup_.on_result(body_of<wire::FenceResult>(message));
        return true;
    case MessageType::modex_request:
        wireup_.on_request(from, body_of<wire::ModexRequest>(message));
        return true;
    case MessageType::modex_reply:
        wireup_.on_reply(body_of<wire::ModexReply>(message));
        return true;
    default:
        return false;
    }
}

bool Job::hear_io(const wire::Message& message) {
    switch (message.type) {
    case MessageType::credit:
        io_.on_credit(body_of<wire::Credit>(message));
        return true;
    case MessageType::input:
        io_.on_input(body_of<wire::Input>(message));
        return true;
    case MessageType::input_end:
        io_.on_input_end();
        return true;
    default:
        return false;
    }
}

// Reports come up to the root, orders come down. What is not for this node is not for it to judge:
// the daemon routed it here, and anything else would come from a version that knows more.
void Job::hear_report(const wire::Message& message) {
    const NodeIndex from = message.route.from;
    switch (message.type) {
    case MessageType::ranks_started:
        return report_started(from, body_of<wire::RanksStarted>(message).nodes);
    case MessageType::node_done:
        return report_done(from, body_of<wire::NodeDone>(message).nodes);
    case MessageType::node_lost:
        return hear_loss(body_of<wire::NodeLost>(message), from);
    case MessageType::end_job:
        return hear_end(body_of<wire::EndJob>(message), from);
    case MessageType::signal: {
        const auto signal = body_of<wire::Signal>(message);
        mail_.to_children(signal);
        return ranks_.signal(signal.number);
    }
    case MessageType::ranks_gone:
        return wireup_.on_ranks_gone(body_of<wire::RanksGone>(message));
    case MessageType::get_state:
        return states_.tell(body_of<wire::GetState>(message));
    case MessageType::start_failed:
        if (ruler_) obey(ruler_->start_failed(body_of<wire::StartFailed>(message)));
        return;
    case MessageType::rank_exited:
        if (ruler_) obey(ruler_->rank_exited(body_of<wire::RankExited>(message)));
        return;
    case MessageType::abort_job:
        if (ruler_) obey(ruler_->rank_aborted(body_of<wire::AbortJob>(message)));
        return;
    default:
        return;
    }
}

// To the root it is a request, or a node that lost the controller says why it ends; the time of a
// detached job without one is over for all at once. To the others
// an order: from their parent for all below, from the controller for this node alone, and then the
// root has to hear why its ranks die.
void Job::hear_end(const wire::EndJob& end, NodeIndex from) {
    const bool is_over_for_all =
        start_.launch.ttl_ms > 0 && end.cause.kind == wire::FailureKind::lease_expired;
    const bool is_request = from == wire::to_controller || from == mail_.self() || is_over_for_all;
    if (ruler_ && !is_request) return obey(ruler_->controller_lost(from));
    if (ruler_) return obey(ruler_->end_requested(end));
    if (from == wire::to_controller)
        mail_.to_root(end);
    else
        mail_.to_children(end);
    apply(end);
}

void Job::hear_loss(const wire::NodeLost& lost, NodeIndex from) {
    if (lost.node == mail_.self()) return;
    const bool was_parent = mail_.is_parent(lost.node), was_child = mail_.is_child(lost.node);
    mail_.lose(lost.node);
    wireup_.lose(lost.node);
    preload_.lose(lost.node);
    if (ruler_) {
        const bool is_final = from == wire::to_controller;
        obey(ruler_->node_lost(lost, is_final ? Witness::controller : Witness::neighbour));
        if (ruler_->has_orphans()) tasks_.spawn("orphans", give_up_orphans());
        return;
    }
    if (was_child) {
        mail_.to_root(lost);
        starts_.lose(lost.node);
        dones_.lose(lost.node);
        report_done(lost.node, {});
    }
    if (!was_parent) return;
    wire::Failure cause;
    cause.kind = wire::FailureKind::node_lost;
    cause.node = lost.node;
    end_subtree(cause);
}

// Without the root's orders: this node and those below it.
void Job::end_subtree(const wire::Failure& cause) {
    wire::EndJob end;
    end.mode = wire::EndMode::sweep;
    end.cause = cause;
    mail_.to_children(end);
    apply(end);
}

}  // namespace vrun::shepherd
