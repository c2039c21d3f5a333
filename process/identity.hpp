// SPDX-License-Identifier: Apache-2.0
// process/identity: becoming a user.
// System calls only, so that a child between clone() and exec may do it; needs root.
// A change of identity that is not complete is a failure: nothing may run half as someone else.
#pragma once

#include "wire/identity.hpp"

namespace vrun::process {

// False, with errno, means that the process must end. Clears PR_SET_PDEATHSIG, which is to be set
// afterwards.
[[nodiscard]] bool become(const wire::Identity& identity) noexcept;

}  // namespace vrun::process
