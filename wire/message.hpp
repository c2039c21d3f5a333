// SPDX-License-Identifier: Apache-2.0
// wire/message: one whole message as a link carries it.
// Type, route and encoded body; whoever owns the type decodes the body, a relay never does.
#pragma once

#include "wire/archive.hpp"
#include "wire/message_type.hpp"

namespace vrun::wire {

struct Message {
    MessageType type;
    Route route;  // all zero and to_controller for messages of no job
    Bytes body;
};

template <class Body>
Message message_of(const Body& body, Route route = {}) {
    return {Body::type, route, to_bytes(body)};
}

// Throws std::system_error of BodyErrc.
template <class Body>
Body body_of(const Message& message) {
    return from_bytes<Body>(message.body);
}

}  // namespace vrun::wire
