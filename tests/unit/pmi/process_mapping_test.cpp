// SPDX-License-Identifier: Apache-2.0
#include "pmi/process_mapping.hpp"

#include <gtest/gtest.h>
#include <array>
#include <map>
#include <random>
#include <sstream>

namespace vrun::pmi {
namespace {

using Nodes = std::vector<std::uint32_t>;  // of each rank

std::vector<wire::RankRun> runs_of(const Nodes& nodes) {
    std::vector<wire::RankRun> runs;
    for (wire::Rank rank = 0; rank < nodes.size(); ++rank)
        runs.push_back({nodes[rank], rank, 1, 0});
    return runs;
}

std::string mapping(const Nodes& nodes) {
    return process_mapping(runs_of(nodes));
}

// As a rank reads it.
Nodes expanded(const std::string& text, std::size_t ranks) {
    std::istringstream in{text.substr(std::string{"(vector"}.size())};
    std::vector<std::array<std::uint32_t, 3>> blocks;
    char comma = 0, open = 0;
    while (in >> comma >> open && open == '(') {
        std::array<std::uint32_t, 3> block{};
        char close = 0;
        in >> block[0] >> comma >> block[1] >> comma >> block[2] >> close;
        blocks.push_back(block);
    }
    Nodes nodes;
    while (nodes.size() < ranks)
        for (const auto& [first, count, each] : blocks)
            for (std::uint32_t node = first; node < first + count; ++node)
                nodes.insert(nodes.end(), each, node);
    nodes.resize(ranks);
    return nodes;
}

Nodes numbered_by_first_rank(const Nodes& nodes) {
    std::map<std::uint32_t, std::uint32_t> numbers;
    Nodes result;
    for (const std::uint32_t node : nodes)
        result.push_back(
            numbers.emplace(node, static_cast<std::uint32_t>(numbers.size())).first->second);
    return result;
}

TEST(ProcessMapping, SaysWhatHydraSays) {
    const std::pair<Nodes, const char*> rows[] = {
        {{0}, "(vector,(0,1,1))"},
        {{0, 0}, "(vector,(0,1,2))"},
        {{0, 0, 1, 1}, "(vector,(0,2,2))"},
        {{0, 0, 0, 1, 1}, "(vector,(0,1,3),(1,1,2))"},
        {{0, 1, 0, 1}, "(vector,(0,2,1))"},
        {{0, 1, 2, 0, 1, 2, 0}, "(vector,(0,3,1))"},
        {{0, 0, 1, 1, 0, 0, 1}, "(vector,(0,2,2))"},
        {{0, 1, 1, 0}, "(vector,(0,1,1),(1,1,2))"},
        {{3, 3, 7, 7}, "(vector,(0,2,2))"},
        {{1, 0}, "(vector,(0,2,1))"},
        {{0, 1, 2, 2, 1, 0}, "(vector,(0,2,1),(2,1,2),(1,1,1))"},
    };
    for (const auto& [nodes, text] : rows)
        EXPECT_EQ(mapping(nodes), text);
}

TEST(ProcessMapping, IsReadBackAsThePlacement) {
    std::mt19937 random{7};
    for (int round = 0; round < 2000; ++round) {
        const std::size_t ranks = 1 + random() % 24, period = 1 + random() % ranks;
        Nodes nodes;
        for (std::size_t rank = 0; rank < ranks; ++rank)
            nodes.push_back(rank < period ? static_cast<std::uint32_t>(random() % 4)
                                          : nodes[rank - period]);
        const std::string text = mapping(nodes);
        EXPECT_EQ(expanded(text, ranks), numbered_by_first_rank(nodes)) << text;
    }
}

TEST(ProcessMapping, StaysShortForManyRanksAndIsLeftOutWhenItCannot) {
    Nodes cyclic, jumbled;
    std::mt19937 random{7};
    for (std::uint32_t rank = 0; rank < 20'000; ++rank) {
        cyclic.push_back(rank % 1000);
        jumbled.push_back(static_cast<std::uint32_t>(random() % 1000));
    }
    EXPECT_EQ(mapping(cyclic), "(vector,(0,1000,1))");
    EXPECT_EQ(mapping(jumbled), "");
    EXPECT_EQ(process_mapping({}), "");
}

}  // namespace
}  // namespace vrun::pmi
