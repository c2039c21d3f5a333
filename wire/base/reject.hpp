// SPDX-License-Identifier: Apache-2.0
// wire/base/reject: what somebody said is against the protocol.
// Thrown out of what hears a link, it closes that link and nothing else.
#pragma once

#include <system_error>

namespace vrun {

[[noreturn]] inline void reject(const char* doing) {
    throw std::system_error{std::make_error_code(std::errc::protocol_error), doing};
}

}  // namespace vrun
