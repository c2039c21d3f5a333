// SPDX-License-Identifier: Apache-2.0
#include "daemon/placement.hpp"

#include "wire/job_map.hpp"

#include <gtest/gtest.h>
#include <ctime>
#include <sstream>

namespace vrun::daemon {
namespace {

using wire::Placement;

std::variant<Placed, wire::JobRefused> place(std::span<const Candidate> nodes,
                                             const std::vector<std::uint32_t>& counts,
                                             const Placement& policy) {
    std::vector<Ask> programs;
    for (const std::uint32_t count : counts)
        programs.push_back({count, {}});
    return daemon::place(nodes, programs, policy);
}

std::vector<Candidate> candidates(const std::string& text) {  // "a:2 b:1"
    std::vector<Candidate> nodes;
    std::istringstream words{text};
    for (std::string word; words >> word;) {
        const std::size_t colon = word.find(':');
        nodes.push_back({word.substr(0, colon),
                         static_cast<std::uint32_t>(std::stoul(word.substr(colon + 1))), 0,
                         nullptr});
    }
    return nodes;
}

// "a a b", in rank order; with several programs "a0 a1 b1". "refused" if it is.
std::string map_of(std::span<const Candidate> nodes, const std::vector<std::uint32_t>& counts,
                   const Placement& policy) {
    const auto result = place(nodes, counts, policy);
    if (std::holds_alternative<wire::JobRefused>(result)) return "refused";
    const Placed& placed = std::get<Placed>(result);
    EXPECT_TRUE(wire::valid_runs(placed.runs, placed.nodes.size(), counts.size()));
    std::string map;
    for (const wire::RankRun& run : placed.runs)
        for (std::uint32_t i = 0; i < run.count; ++i)
            map += (map.empty() ? "" : " ") + nodes[placed.nodes[run.node]].name +
                   (counts.size() > 1 ? std::to_string(run.app) : "");
    return map;
}

std::string refusal_of(const std::string& nodes, const std::vector<std::uint32_t>& counts,
                       const Placement& policy) {
    const auto result = place(candidates(nodes), counts, policy);
    if (std::holds_alternative<Placed>(result)) return "";
    EXPECT_EQ(std::get<wire::JobRefused>(result).exit_code, 120);
    return std::get<wire::JobRefused>(result).sentence;
}

struct Row {
    const char* nodes;
    std::vector<std::uint32_t> counts;
    Placement policy;
    const char* map;
};

enum class By { slot, node };

Placement policy_of(By by, std::uint32_t per_node, bool oversubscribe) {
    Placement policy;
    if (by == By::node) policy.map.by = wire::MapBy::object;
    policy.per_node = per_node;
    if (oversubscribe) policy.oversubscribe = wire::Choice::yes;
    return policy;
}

const Placement slot, node = policy_of(By::node, 0, false), over = policy_of(By::slot, 0, true),
                      node_over = policy_of(By::node, 0, true);
Placement per_node(std::uint32_t count) {
    return policy_of(By::slot, count, false);
}

// As `mpirun.openmpi --do-not-launch --display-map` of 4.1.4 answers, but for the rows marked
// "ours".
const Row rows[] = {
    {"a:2 b:1", {0}, slot, "a a b"},
    {"a:2 b:1", {1}, slot, "a"},
    {"a:2 b:1", {2}, slot, "a a"},
    {"a:2 b:1", {3}, slot, "a a b"},
    {"a:2 b:1", {4}, slot, "refused"},
    {"a:1 b:3 c:2", {5}, slot, "a b b b c"},
    {"a:1", {1}, slot, "a"},
    {"a:0 b:2", {0}, slot, "b b"},
    {"a:0", {0}, slot, "refused"},
    {"", {1}, slot, "refused"},

    {"a:2 b:1", {3}, node, "a b a"},
    {"a:1 b:3 c:2", {0}, node, "a b c b c b"},
    {"a:1 b:3 c:2", {2}, node, "a b"},
    {"a:1 b:3 c:2", {4}, node, "a b c b"},
    {"a:1 b:3 c:2", {6}, node, "a b c b c b"},
    {"a:1 b:3 c:2", {7}, node, "refused"},
    {"a:4 b:1 c:1", {5}, node, "a b c a a"},
    {"a:1 b:1 c:4", {5}, node, "a b c c c"},
    {"a:2 b:5 c:1 d:4", {9}, node, "a b c d a b d b d"},
    {"a:2 b:5 c:1 d:4", {10}, node, "a b c d a b d b d b"},
    {"a:2 b:5 c:1 d:4", {12}, node, "a b c d a b d b d b d b"},
    {"a:3 b:1 c:3", {5}, node, "a b c a c"},  // ours: 4.1.4 gives a three and c one

    {"a:2 b:1", {0}, over, "a a b"},
    {"a:2 b:1", {7}, over, "a a a a b b b"},
    {"a:1 b:3 c:2", {7}, over, "a a b b b c c"},
    {"a:1 b:3 c:2", {8}, over, "a a b b b b c c"},
    {"a:1 b:3 c:2", {9}, over, "a a b b b b c c c"},
    {"a:1 b:3 c:2", {20}, over, "a a a a a a b b b b b b b b c c c c c c"},
    {"a:4 b:1 c:1", {9}, over, "a a a a a b b c c"},
    {"a:1 b:3 c:2", {7}, node_over, "a b c a b c a"},
    {"a:1 b:3 c:2", {8}, node_over, "a b c a b c a b"},
    {"a:4 b:1 c:1", {9}, node_over, "a b c a b c a b c"},
    {"a:2 b:5 c:1 d:4", {10}, node_over, "a b c d a b d b d b"},
    {"a:2 b:5 c:1 d:4", {15}, node_over, "a b c d a b c d a b c d a b c"},

    {"a:2 b:2", {0}, per_node(1), "a b"},
    {"a:2 b:2", {0}, per_node(2), "a a b b"},
    {"a:2 b:2", {0}, per_node(3), "refused"},
    {"a:2 b:2 c:2", {4}, per_node(2), "a a b b"},
    {"a:2 b:2 c:2", {3}, per_node(2), "a a b"},
    {"a:2 b:2 c:2", {7}, per_node(2), "refused"},
    {"a:2 b:2 c:2", {7}, policy_of(By::slot, 2, true), "refused"},
    {"a:1 b:2 c:2", {4}, per_node(2), "refused"},
    {"a:1 b:2 c:2", {2}, per_node(1), "a b"},
    {"a:4 b:1 c:4", {4}, per_node(2), "refused"},
    {"a:4 b:4 c:4", {5}, per_node(2), "a a b b c"},
    {"a:2 b:2", {0}, policy_of(By::slot, 3, true), "a a a b b b"},
    {"a:2 b:2", {5}, policy_of(By::slot, 3, true), "a a a b b"},
    {"a:2 b:2", {2}, policy_of(By::slot, 3, true), "a a"},
    {"a:4 b:4", {3}, policy_of(By::node, 2, false), "a b a"},
    {"a:4 b:4", {0}, policy_of(By::node, 2, false), "a b a b"},
    {"a:2 b:2", {0}, policy_of(By::node, 1, false), "a b"},  // ours: 4.1.4 forgets -N 1 here

    {"a:2 b:2", {1, 2}, slot, "a0 a1 b1"},
    {"a:3 b:3", {2, 1, 3}, slot, "a0 a0 a1 b2 b2 b2"},
    {"a:2 b:1 c:3", {1, 2, 3}, slot, "a0 a1 b1 c2 c2 c2"},
    {"a:2 b:2", {3, 3}, slot, "refused"},
    {"a:2 b:2", {4, 1}, slot, "refused"},
    {"a:2 b:2", {1, 0}, slot, "a0 a1 b1 b1"},  // ours: 4.1.4 wants all slots again
    {"a:2 b:2", {0, 0}, slot, "refused"},
    {"a:2 b:2", {1, 2}, node, "a0 a1 b1"},
    {"a:2 b:2", {2, 2}, node, "a0 b0 a1 b1"},
    {"a:2 b:2", {3, 1}, node, "a0 b0 a0 b1"},
    {"a:2 b:1 c:3", {2, 3}, node, "a0 b0 a1 c1 c1"},
    {"a:2 b:1 c:3", {1, 4}, node, "a0 a1 b1 c1 c1"},
    {"a:2 b:2 c:2", {4, 2}, node, "a0 b0 c0 a0 b1 c1"},
    {"a:2 b:2", {0, 0}, over, "a0 a0 b0 b0 a1 a1 b1 b1"},
    {"a:2 b:2", {0, 1}, over, "a0 a0 b0 b0 a1"},
    {"a:2 b:2", {3, 3}, over, "a0 a0 b0 a1 b1 b1"},
    {"a:2 b:2", {4, 3}, over, "a0 a0 b0 b0 a1 a1 b1"},
    {"a:2 b:2 c:2", {6, 1}, over, "a0 a0 b0 b0 c0 c0 a1"},
    {"a:2 b:2 c:2", {7, 1}, over, "a0 a0 a0 b0 b0 c0 c0 b1"},  // ours: 4.1.4 takes c
    {"a:2 b:2 c:2", {2, 6}, node_over, "a0 b0 a1 b1 c1 a1 b1 c1"},
    {"a:2 b:2", {3, 3}, node_over, "a0 b0 a0 a1 b1 b1"},
    {"a:2 b:2 c:2", {2, 2}, per_node(1), "a0 b0 a1 b1"},
    {"a:2 b:2 c:2", {0, 0}, per_node(1), "a0 b0 c0 a1 b1 c1"},
    {"a:2 b:2 c:2", {2, 2, 2}, per_node(2), "a0 a0 b1 b1 c2 c2"},
    {"a:2 b:2 c:2", {2, 3}, per_node(2), "a0 a0 b1 b1 c1"},
    {"a:2 b:2 c:2", {3, 3}, per_node(2), "refused"},
    {"a:4 b:4 c:4", {2, 4}, per_node(2), "a0 a0 a1 a1 b1 b1"},
};

TEST(Placement, DoesWhatMpirunDoes) {
    for (const Row& row : rows)
        EXPECT_EQ(map_of(candidates(row.nodes), row.counts, row.policy), row.map)
            << row.nodes << ", -n " << testing::PrintToString(row.counts)
            << (row.policy.map.by == wire::MapBy::object ? ", by node" : "") << ", -N "
            << row.policy.per_node
            << (row.policy.oversubscribe == wire::Choice::yes ? ", oversubscribe" : "");
}

TEST(Placement, LeavesOutNodesWithoutRanksAndNumbersTheOthers) {
    const auto result = place(candidates("a:0 b:2 c:1 d:4"), std::vector<std::uint32_t>{3}, slot);
    const Placed& placed = std::get<Placed>(result);
    EXPECT_EQ(placed.nodes, (std::vector<std::size_t>{1, 2}));
    EXPECT_EQ(placed.runs, (std::vector<wire::RankRun>{{0, 0, 2, 0}, {1, 2, 1, 0}}));
}

TEST(Placement, NeedsOneRunForManyRanksOnANode) {
    const auto result = place(candidates("a:60000"), std::vector<std::uint32_t>{60000}, node);
    EXPECT_EQ(std::get<Placed>(result).runs, (std::vector<wire::RankRun>{{0, 0, 60000, 0}}));
}

TEST(Placement, SaysHowManySlotsThereAreWhereAndWhatToType) {
    EXPECT_EQ(refusal_of("a:2 b:1", {7}, slot),
              "too few slots: 7 ranks asked for, 3 slots on 2 nodes.\n"
              "    a: 2 slots\n"
              "    b: 1 slot\n"
              "Type -n 3, or --oversubscribe to run more ranks than slots.");
    EXPECT_EQ(refusal_of("a:2 b:1", {2, 3}, slot),
              "too few slots: 3 ranks for program 2 asked for, 1 slot left on 2 nodes.\n"
              "    a: 2 slots, 2 taken\n"
              "    b: 1 slot\n"
              "Type -n 1 for program 2, or --oversubscribe to run more ranks than slots.");
    EXPECT_EQ(refusal_of("a:1 b:4", {0}, per_node(2)),
              "too few slots: 2 ranks per node do not fit on every node.\n"
              "    a: 1 slot, 1 short\n"
              "    b: 4 slots\n"
              "Type -N 1, or --oversubscribe to run more ranks than slots.");
    EXPECT_EQ(refusal_of("a:2 b:2", {5}, per_node(2)),
              "5 ranks, 2 per node, need more nodes: 2 nodes can take 4.\n"
              "    a: 2 slots\n"
              "    b: 2 slots\n"
              "Type -n 4, or a larger -N.");
}

TEST(Placement, NeverAdvisesZero) {
    EXPECT_EQ(refusal_of("a:1 b:1", {2, 1}, slot).find("-n 0"), std::string::npos);
    EXPECT_EQ(refusal_of("a:0", {1}, slot).find("-n 0"), std::string::npos);
    EXPECT_EQ(refusal_of("a:0", {1}, per_node(2)).find("-N 0"), std::string::npos);
}

TEST(Placement, ShowsTheFirstHostsOfMany) {
    std::string nodes;
    for (int i = 0; i < 100; ++i)
        nodes += "n" + std::to_string(i) + ":2 ";
    const std::string sentence = refusal_of(nodes, {1000}, slot);
    EXPECT_NE(sentence.find("200 slots on 100 nodes"), std::string::npos) << sentence;
    EXPECT_NE(sentence.find("n15: 2 slots\n    and 84 more nodes with 168 slots\n"),
              std::string::npos)
        << sentence;
}

TEST(Placement, EscapesNodeNames) {
    const std::vector<Candidate> nodes{{"a\x1b[31m", 1, 0, nullptr}};
    const auto result = place(nodes, std::vector<std::uint32_t>{2}, slot);
    EXPECT_EQ(std::get<wire::JobRefused>(result).sentence.find('\x1b'), std::string::npos);
}

TEST(Placement, RefusesNumbersThatNoMachineHolds) {
    EXPECT_NE(refusal_of("a:1 b:1", {4'000'000'000}, node_over), "");
    EXPECT_NE(refusal_of("a:1 b:1", {4'294'967'295}, over), "");
    EXPECT_NE(refusal_of("a:4000000000 b:4000000000", {0}, slot), "");
    EXPECT_NE(refusal_of("a:4000000000 b:1", {0}, slot), "");
    EXPECT_NE(refusal_of("a:1", {0}, policy_of(By::slot, 4'294'967'295, true)), "");
}

TEST(Placement, PlacesTenThousandRanksAtOnce) {
    std::vector<Candidate> nodes(1000, Candidate{"n", 10, 0, nullptr});
    for (const Placement& policy : {slot, node, over, node_over, per_node(10)}) {
        const std::clock_t start = std::clock();  // of the processor: other tests run beside us
        const auto result = place(nodes, std::vector<std::uint32_t>{10'000}, policy);
        const std::clock_t took = std::clock() - start;
        EXPECT_EQ(wire::rank_count(std::get<Placed>(result).runs), 10'000u);
        EXPECT_LT(took, CLOCKS_PER_SEC / 20);
    }
}

}  // namespace
}  // namespace vrun::daemon
