// SPDX-License-Identifier: Apache-2.0
// daemon/policy_limits: what can be asked of a placement and is not done here.
// Pure. What would put ranks on other nodes than asked is refused; what concerns the cores within a
// node, or is only shown, is said in a line, since the job runs all the same.
#pragma once

#include "wire/messages/answer.hpp"
#include "wire/messages/submit.hpp"

#include <optional>
#include <string>
#include <vector>

namespace vrun::daemon {

std::optional<wire::JobRefused> refusal_of_policy(const wire::SubmitJob& request);

std::vector<std::string> notices_of_policy(const wire::SubmitJob& request);

}  // namespace vrun::daemon
