// SPDX-License-Identifier: Apache-2.0
// daemon/switchboard: carries the messages of jobs one hop further.
// Decides by the route alone and never decodes a body. What has nowhere to go (a peer that is
// gone, a vrun that ended) is dropped: whoever waits for it hears of the loss by itself.
#pragma once

#include "daemon/job_table.hpp"
#include "daemon/peers.hpp"

namespace vrun::daemon {

class Switchboard {
public:
    // Takes what nodes say to the controller of a job when that is us.
    using ToController = std::function<void(Job&, wire::Message)>;
    // Sees what this node and the controller say to each other; true: goes no further.
    using Keep = std::function<bool(Job&, wire::Message&)>;

    Switchboard(Peers& peers, ToController to_controller, Keep keep)
        : peers_{peers}, to_controller_{std::move(to_controller)}, keep_{std::move(keep)} {}

    void forward(Job& job, wire::Message message, Origin origin);

    // A message of our own making.
    template <class Body>
    void send(Job& job, const Body& body, wire::NodeIndex to, Origin origin = Origin::node) {
        const wire::NodeIndex from =
            origin == Origin::client ? wire::to_controller : job.self.value_or(wire::to_controller);
        forward(job, wire::message_of(body, wire::Route{job.id, to, from}), origin);
    }

private:
    Peers& peers_;
    ToController to_controller_;
    Keep keep_;
};

}  // namespace vrun::daemon
