// SPDX-License-Identifier: Apache-2.0
// wire/job_id: a job's number as people and libpmix see it.
// 64 random bits as 13 letters and digits without look-alikes; the namespace is "vrun-" + that.
// Unique in the universe of jobs that may ever meet, so drawn, never counted.
#pragma once

#include "wire/message_type.hpp"

#include <optional>
#include <string>

namespace vrun::wire {

std::uint64_t random_id();  // never 0
std::string id_text(JobId job);
std::optional<JobId> id_of(std::string_view text);
std::string namespace_of(JobId job);

}  // namespace vrun::wire
