// SPDX-License-Identifier: Apache-2.0
#include "pmi/process_mapping.hpp"

#include <map>
#include <vector>

namespace vrun::pmi {
namespace {

struct Stretch {  // consecutive ranks on one node
    std::size_t node = 0;
    std::uint64_t ranks = 0;
    bool operator==(const Stretch&) const = default;
};

std::vector<Stretch> stretches_of(std::span<const wire::RankRun> runs) {
    std::vector<Stretch> stretches;
    std::map<wire::NodeIndex, std::size_t> numbers;
    for (const wire::RankRun& run : runs) {
        const std::size_t node = numbers.emplace(run.node, numbers.size()).first->second;
        if (stretches.empty() || stretches.back().node != node) stretches.push_back({node, 0});
        stretches.back().ranks += run.count;
    }
    return stretches;
}

// How many stretches there are before all begins again; the last one may be cut short. By the
// table of Knuth, Morris and Pratt: a job that was placed rank by rank has as many as ranks.
std::size_t period_of(const std::vector<Stretch>& all) {
    const std::size_t whole = all.size() - 1;
    std::vector<std::size_t> border(all.size(), 0);  // of the first i + 1
    for (std::size_t i = 1; i < whole; ++i) {
        std::size_t size = border[i - 1];
        while (size > 0 && all[i] != all[size])
            size = border[size - 1];
        border[i] = all[i] == all[size] ? size + 1 : 0;
    }
    for (std::size_t size = whole == 0 ? 0 : border[whole - 1]; size > 0; size = border[size - 1])
        if (all[size].node == all.back().node && all[size].ranks >= all.back().ranks)
            return whole - size;
    if (whole > 0 && all[0].node == all.back().node && all[0].ranks >= all.back().ranks)
        return whole;
    return all.size();
}

}  // namespace

std::string process_mapping(std::span<const wire::RankRun> runs) {
    if (runs.empty()) return {};
    std::vector<Stretch> stretches = stretches_of(runs);
    stretches.resize(period_of(stretches));
    std::string text = "(vector";
    for (std::size_t i = 0; i < stretches.size() && text.size() <= mapping_size_max;) {
        const auto [node, ranks] = stretches[i];
        std::size_t nodes = 1;
        while (i + nodes < stretches.size() && stretches[i + nodes] == Stretch{node + nodes, ranks})
            ++nodes;
        text += ",(" + std::to_string(node) + ',' + std::to_string(nodes) + ',' +
                std::to_string(ranks) + ')';
        i += nodes;
    }
    text += ')';
    return text.size() <= mapping_size_max ? text : "";
}

}  // namespace vrun::pmi
