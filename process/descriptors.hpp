// SPDX-License-Identifier: Apache-2.0
// process/descriptors: whether there is room for the descriptors that some work will need.
// Looked at before the work begins: half done, it might fail where nobody can say why, inside
// libpmix for one. Opens and closes that many, so it also counts what we inherited.
#pragma once

#include <cstddef>

namespace vrun::process {

// Throws std::system_error (EMFILE, ENFILE) whose text says how many are missing and what to do.
void require_descriptors(std::size_t count);

}  // namespace vrun::process
