// SPDX-License-Identifier: Apache-2.0
#include "process/private_memory.hpp"

#include <sys/prctl.h>

namespace vrun::process {

void make_memory_private() noexcept {
    ::prctl(PR_SET_DUMPABLE, 0);
}

}  // namespace vrun::process
