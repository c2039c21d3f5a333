// SPDX-License-Identifier: Apache-2.0
// wire/hello: the first words on a link.
// Both sides say Hello at once; without a common protocol each says Goodbye with both versions.
// Nothing else is decoded before.
#pragma once

#include "wire/link.hpp"
#include "wire/messages/session.hpp"

namespace vrun::wire {

enum class HelloErrc { no_common_protocol = 1, not_a_hello, gone };
std::error_code make_error_code(HelloErrc value) noexcept;

// Sends ours, returns theirs. Throws std::system_error of HelloErrc (its text has the peer's words
// if it said Goodbye). run_writer() must be running. No limit of its own: use with_timeout().
asio::awaitable<Hello> exchange_hello(Link& link, Hello ours);

// "vrun 0.1.0", the software of this build.
std::string software_version();

}  // namespace vrun::wire

template <>
struct std::is_error_code_enum<vrun::wire::HelloErrc> : std::true_type {};
