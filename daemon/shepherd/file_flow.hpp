// SPDX-License-Identifier: Apache-2.0
// daemon/shepherd/file_flow: which files a node's subtree lacks, and how much its children may get.
// Pure. Each child says once what its subtree lacks, then takes file_window bytes at a time; a
// child that is lost is neither waited for nor sent to. Throws std::system_error for what no honest
// shepherd says.
#pragma once

#include "wire/messages/preload.hpp"

#include <map>
#include <optional>
#include <span>

namespace vrun::shepherd {

class FileFlow {
public:
    FileFlow(std::size_t files, const std::vector<wire::NodeIndex>& children);

    void want_here(std::span<const std::uint32_t> files);  // once
    void want(wire::NodeIndex child, std::span<const std::uint32_t> files);
    void lose(wire::NodeIndex child) { children_.erase(child); }

    // What this node and all below it lack, ascending: once, when everybody has spoken or is lost.
    std::optional<std::vector<std::uint32_t>> take_wanted();

    std::vector<wire::NodeIndex> takers(std::uint32_t file) const;
    bool has_room(std::uint32_t file, std::size_t bytes) const;  // at all takers
    void spend(std::uint32_t file, std::size_t bytes);
    void grant(wire::NodeIndex child, std::uint32_t bytes);

private:
    struct Child {
        std::optional<std::vector<bool>> wants;  // by file
        std::size_t credit = wire::file_window;

        bool takes(std::uint32_t file) const { return wants && (*wants)[file]; }
    };

    std::vector<bool> flags(std::span<const std::uint32_t> files) const;

    std::size_t files_;
    std::optional<std::vector<bool>> here_;
    std::map<wire::NodeIndex, Child> children_;
    bool is_taken_ = false;
};

}  // namespace vrun::shepherd
