// SPDX-License-Identifier: Apache-2.0
// daemon/placement/lists: ranks whose hosts a file names one by one.
// A rankfile ("rank 0=node1 slot=0-1", or "+n0" for the first host) and a hostfile read as a
// sequence (a line, a rank). Pure; the texts are untrusted, errors name file and line.
#pragma once

#include "daemon/placement.hpp"

namespace vrun::daemon {

struct ListedRank {
    std::string host;
    std::string cpus;  // as cpu_words reads them; empty: not bound
};

inline constexpr std::size_t listed_ranks_max = 1'000'000;

// By rank; every rank up to the last is there.
Result<std::vector<ListedRank>> parse_rankfile(std::string_view text, std::string_view path);
Result<std::vector<ListedRank>> parse_sequence(std::string_view text, std::string_view path);

// "a:2,b": the sequence of --host.
std::vector<ListedRank> sequence_of_words(std::string_view words);

// Ranks go where the list says; `names` are what each candidate is known by.
std::variant<Placed, wire::JobRefused> place_listed(std::span<const Candidate> nodes,
                                                    std::span<const std::vector<std::string>> names,
                                                    std::span<const ListedRank> list,
                                                    std::span<const Ask> programs,
                                                    const wire::Placement& policy);

}  // namespace vrun::daemon
