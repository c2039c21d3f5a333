// SPDX-License-Identifier: Apache-2.0
#include "daemon/shepherd/file_flow.hpp"

#include "wire/base/reject.hpp"

#include <algorithm>

namespace vrun::shepherd {
FileFlow::FileFlow(std::size_t files, const std::vector<wire::NodeIndex>& children)
    : files_{files} {
    for (const wire::NodeIndex child : children)
        children_[child] = {};
}

std::vector<bool> FileFlow::flags(std::span<const std::uint32_t> files) const {
    std::vector<bool> wanted(files_);
    for (const std::uint32_t file : files) {
        if (file >= files_) reject("read which files a node lacks");
        wanted[file] = true;
    }
    return wanted;
}

void FileFlow::want_here(std::span<const std::uint32_t> files) {
    here_ = flags(files);
}

void FileFlow::want(wire::NodeIndex child, std::span<const std::uint32_t> files) {
    const auto found = children_.find(child);
    if (found == children_.end()) return;
    if (found->second.wants) reject("hear a second time which files a node lacks");
    found->second.wants = flags(files);
}

std::optional<std::vector<std::uint32_t>> FileFlow::take_wanted() {
    const auto has_spoken = [](const auto& entry) { return entry.second.wants.has_value(); };
    if (is_taken_ || !here_ || !std::ranges::all_of(children_, has_spoken)) return std::nullopt;
    is_taken_ = true;
    std::vector<std::uint32_t> wanted;
    for (std::uint32_t file = 0; file < files_; ++file)
        if ((*here_)[file] || !takers(file).empty()) wanted.push_back(file);
    return wanted;
}

std::vector<wire::NodeIndex> FileFlow::takers(std::uint32_t file) const {
    std::vector<wire::NodeIndex> found;
    for (const auto& [node, child] : children_)
        if (child.takes(file)) found.push_back(node);
    return found;
}

bool FileFlow::has_room(std::uint32_t file, std::size_t bytes) const {
    return std::ranges::all_of(children_, [=](const auto& entry) {
        return !entry.second.takes(file) || entry.second.credit >= bytes;
    });
}

void FileFlow::spend(std::uint32_t file, std::size_t bytes) {
    for (auto& [node, child] : children_)
        if (child.takes(file)) child.credit -= bytes;
}

void FileFlow::grant(wire::NodeIndex child, std::uint32_t bytes) {
    const auto found = children_.find(child);
    if (found == children_.end()) return;
    if (bytes > wire::file_window - found->second.credit) reject("take more credit than was used");
    found->second.credit += bytes;
}

}  // namespace vrun::shepherd
