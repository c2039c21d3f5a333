// SPDX-License-Identifier: Apache-2.0
#include "daemon/switchboard.hpp"

#include "daemon/clients.hpp"
#include "daemon/shepherds.hpp"

namespace vrun::daemon {

void Switchboard::forward(Job& job, wire::Message message, Origin origin) {
    const wire::Route& route = message.route;
    const bool is_of_this_node =
        job.self &&
        ((origin == Origin::node && route.to == wire::to_controller && route.from == job.self) ||
         (route.from == wire::to_controller && route.to == job.self));
    if (is_of_this_node && keep_(job, message)) return;
    const Hop hop = next_hop(job, message.route.to, origin);
    switch (hop.kind) {
    case HopKind::shepherd:
        if (job.shepherd)
            job.shepherd->link.send(std::move(message));
        else if (!job.node_part_over)
            job.held.push_back(std::move(message));
        return;
    case HopKind::client:
        if (origin == Origin::node) return to_controller_(job, std::move(message));
        if (job.client) job.client->link.send(std::move(message));
        return;
    case HopKind::peer:
        if (Peer* peer = peers_.find(hop.peer)) peer->link.send(std::move(message));
        return;
    case HopKind::nowhere:
        return;
    }
}

}  // namespace vrun::daemon
