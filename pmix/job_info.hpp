// SPDX-License-Identifier: Apache-2.0
// pmix/job_info: what ranks may ask about their job, as libpmix is told it.
// The two maps (nodes, ranks by node) carry nearly all of it: libpmix derives the rest. Values
// per rank are given for jobs of several programs only, since they cost 7 kB a rank.
// Not seen outside pmix/.
#pragma once

#include "pmix/info_list.hpp"
#include "pmix/server.hpp"

namespace vrun::pmix {

// `node_name` is what PMIX_HOSTNAME of this server says: our own place in the node map has to
// read the same, or local ranks take each other for remote.
InfoList job_info(const JobSetup& setup, const std::string& node_name);

}  // namespace vrun::pmix
