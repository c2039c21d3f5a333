// SPDX-License-Identifier: Apache-2.0
// process/pipe: a pipe whose ends fit into a ChildPlan.
// Both ends are close-on-exec and at 3 or above, whatever descriptors we were started without.
// Throws std::system_error: without descriptors nothing can start.
#pragma once

#include "wire/base/fd.hpp"

namespace vrun::process {

struct Pipe {
    UniqueFd reader;
    UniqueFd writer;
};

Pipe make_pipe();

// For the other standard descriptors of a child.
UniqueFd open_null();

// So many bytes wait in it at most, where the kernel allows it (it counts what a user has).
void enlarge(const UniqueFd& pipe, int size) noexcept;

// O_NONBLOCK belongs to this end of a pipe alone; never use it on a descriptor that came from
// outside.
void set_nonblocking(const UniqueFd& fd);

}  // namespace vrun::process
