// SPDX-License-Identifier: Apache-2.0
// daemon/shepherd/workdir: where a rank starts.
// The directory that vrun was typed in, or --wdir; where that is missing, the same path under the
// rank's HOME. Only looks: the rank enters it as its user.
#pragma once

#include "wire/base/result.hpp"

#include <string>
#include <vector>

namespace vrun::shepherd {

// The Error's words are for the user, node and rank not included.
Result<std::string> find_workdir(const std::string& wanted,
                                 const std::vector<std::string>& environment);

}  // namespace vrun::shepherd
