// SPDX-License-Identifier: Apache-2.0
// wire/local_socket: where a daemon's unix socket is, and both ends of it.
// The kernel tells each side who the other is: a daemon trusts SO_PEERCRED, and vrun speaks only
// to a server that is root or itself. Blocking calls; on a unix socket none of them waits.
#pragma once

#include "wire/base/fd.hpp"
#include "wire/base/result.hpp"

#include <string>
#include <vector>

namespace vrun::wire {

// Where vrun looks, in order: VRUN_SOCKET alone if set, else /run/vrun/vrund.sock,
// $XDG_RUNTIME_DIR/vrun/vrund.sock, /tmp/vrun-UID/vrund.sock.
std::vector<std::string> local_socket_candidates();

// Where a daemon of this user listens if not told otherwise.
std::string default_local_socket();

// Connected, close-on-exec. The server is root or our own uid, or it is an Error.
Result<UniqueFd> connect_local(const std::string& path);

// Listening, close-on-exec, mode 0666; makes the directory (0755). Replaces a stale socket; one
// that answers is an Error (address_in_use).
Result<UniqueFd> listen_local(const std::string& path);

}  // namespace vrun::wire
