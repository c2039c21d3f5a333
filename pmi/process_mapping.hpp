// SPDX-License-Identifier: Apache-2.0
// pmi/process_mapping: which ranks share a node, in the words of PMI_process_mapping.
// "(vector,(first node,nodes,ranks on each),…)": blocks in rank order; readers begin again at the
// first block until all ranks are placed. Nodes are numbered in the order of their first rank.
#pragma once

#include "wire/messages/job_shape.hpp"

#include <span>
#include <string>

namespace vrun::pmi {

// With its "cmd=get_result rc=0 msg=success value=" it has to fit into 1,024 bytes.
inline constexpr std::size_t mapping_size_max = 960;

// Empty: it would be too long. Ranks then tell each other their hosts' names.
std::string process_mapping(std::span<const wire::RankRun> runs);

}  // namespace vrun::pmi
