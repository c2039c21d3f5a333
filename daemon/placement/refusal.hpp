// SPDX-License-Identifier: Apache-2.0
// daemon/placement/refusal: why ranks cannot be placed, as the user reads it.
// One sentence with the arithmetic, a line for each host, and the words to type. Names of nodes
// are other people's words and are escaped here.
#pragma once

#include "daemon/placement/shares.hpp"

namespace vrun::daemon {

struct Per {  // a fixed count for each node or object: -N, ppr:N:object
    std::uint32_t count = 0;
    wire::Object object = wire::Object::node;
};

class Refusal {
public:
    // The `program`-th of `programs`.
    Refusal(const Room& room, std::size_t program, std::size_t programs)
        : room_{room}, program_{program}, programs_{programs} {}

    std::string no_node() const;
    std::string too_many_ranks(std::uint64_t count) const;
    std::string too_few_slots(std::uint64_t count) const;
    std::string too_few_for(Per per, std::uint64_t count, std::uint64_t most) const;
    std::string too_large_share(const Shares& shares, std::size_t node) const;
    std::string does_not_fit(Per per, const Shares& shares, std::uint64_t fits) const;

private:
    std::string table_of_hosts(const Shares& wanted) const;
    std::string how_many(std::uint64_t most) const;
    std::string whose() const;

    const Room& room_;
    std::size_t program_;
    std::size_t programs_;
};

}  // namespace vrun::daemon
