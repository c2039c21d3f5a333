// SPDX-License-Identifier: Apache-2.0
// launcher/input_credits: how much standard input may be read when several nodes get all of it.
// The node that can take the least decides; one whose ranks read no more is left out. Pure.
#pragma once

#include "wire/message_type.hpp"

#include <cstdint>
#include <map>
#include <vector>

namespace vrun::launcher {

class InputCredits {
public:
    explicit InputCredits(const std::vector<wire::NodeIndex>& nodes) {
        for (const wire::NodeIndex node : nodes)
            given_[node] = 0;
    }

    // How many more bytes may be read now. Strangers are ignored.
    std::uint32_t add(wire::NodeIndex node, std::uint32_t bytes);
    std::uint32_t leave_out(wire::NodeIndex node);

    bool has_readers() const { return !given_.empty(); }
    bool has(wire::NodeIndex node) const { return given_.contains(node); }
    std::vector<wire::NodeIndex> readers() const;

private:
    std::uint32_t take();

    std::map<wire::NodeIndex, std::uint64_t> given_;
    std::uint64_t taken_ = 0;
};

}  // namespace vrun::launcher
