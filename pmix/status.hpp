// SPDX-License-Identifier: Apache-2.0
// pmix/status: the PMIx statuses that others than libpmix speak of.
// The numbers are those of pmix_common.h, the same in 4.2 and 5.0; status.cpp holds them to it.
// Texts differ between versions: show them, never parse them.
#pragma once

#include <string>
#include <system_error>

namespace vrun::pmix {

namespace status {
inline constexpr int success = 0, error = -1, timeout = -24, unreachable = -25, bad_param = -27,
                     not_found = -46, not_supported = -47, lost_connection = -61,
                     job_aborted = -182;
}

const std::error_category& category() noexcept;  // of PMIx statuses

std::string library_version();  // "4.2.2", as ShepherdReady says it

}  // namespace vrun::pmix
