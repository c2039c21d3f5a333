// SPDX-License-Identifier: Apache-2.0
// wire/speech: which messages each kind of program may say to a daemon.
// A link that faces somebody less trusted asks at the first frame of a message, before anything of
// it is kept: an order that is not theirs to give, or a body that never ends, goes no further.
#pragma once

#include "wire/link.hpp"
#include "wire/messages/session.hpp"

namespace vrun::wire {

bool may_say(Role role, MessageType type) noexcept;

// For Link: throws std::system_error for what `role` may not say; the rest is as large as
// `scale_of` lets it be.
ScaleOf said_by(Role role, ScaleOf scale_of);

// Of conversations whose messages do not grow with any job.
std::optional<Scale> no_scale(MessageType, Route, std::span<const std::byte>);

}  // namespace vrun::wire
