// SPDX-License-Identifier: Apache-2.0
// wire/contact_uri: where a job's node is, in the words of Open MPI 4.
// Ranks get it as OMPI_MCA_orte_hnp_uri, whose first address frameworks read; --report-uri shows
// it. Nobody has to listen there.
#pragma once

#include "wire/messages/job_shape.hpp"

#include <span>
#include <string>

namespace vrun::wire {

// The number of the daemons' job, as Open MPI 4 counts: the ranks' is the next.
std::uint64_t contact_number(JobId job);

// "NUMBER.NODE;tcp://ADDRESS:PORT" of that node of the job.
std::string contact_uri(JobId job, std::span<const JobNode> nodes, NodeIndex node);

}  // namespace vrun::wire
