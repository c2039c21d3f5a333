// SPDX-License-Identifier: Apache-2.0
#include "pmix/fence_table.hpp"

#include "wire/tree.hpp"

#include <gtest/gtest.h>
#include <algorithm>
#include <random>

namespace vrun::pmix {
namespace {

FenceMembers everyone() {
    return {1, {}};
}

Bytes blob_of(NodeIndex node) {
    return wire::bytes_of(std::to_string(node) + ";");
}

// The nodes whose blobs are in there, each as often as it is.
std::vector<NodeIndex> nodes_in(const Bytes& blob) {
    std::vector<NodeIndex> nodes;
    std::string number;
    for (const char byte : wire::view_as_text(blob)) {
        if (byte != ';') {
            number += byte;
            continue;
        }
        nodes.push_back(static_cast<NodeIndex>(std::stoul(number)));
        number.clear();
    }
    std::ranges::sort(nodes);
    return nodes;
}

// The tables of a whole job, and the messages between them, which arrive in any order. What shall
// happen is queued too; run() lets one thing after the other happen, drawn at random.
class Job {
public:
    explicit Job(std::size_t nodes, unsigned seed = 1) : random_{seed} {
        for (NodeIndex node = 0; node < nodes; ++node)
            tables_.emplace_back(node, nodes);
    }

    // The node goes through these fences, each once the one before has ended.
    void enter(NodeIndex node, std::vector<FenceMembers> fences) {
        std::ranges::reverse(fences);
        left_[node] = std::move(fences);
        events_.push_back([this, node] { arrive(node); });
    }
    void later(std::function<void()> event) { events_.push_back(std::move(event)); }

    void run() {
        while (!events_.empty()) {
            std::swap(events_[random_() % events_.size()], events_.back());
            const std::function<void()> event = std::move(events_.back());
            events_.pop_back();
            event();
        }
    }

    // The node says nothing and hears nothing any more; sooner or later each of the others is told.
    void lose(NodeIndex lost) {
        gone_.insert(lost);
        for (NodeIndex node = 0; node < count(); ++node)
            later([this, node, lost] { act(node, tables_[node].node_lost(lost)); });
    }
    // Its ranks are gone, the node itself is not; sooner or later each is told.
    void excuse(NodeIndex idle) {
        for (NodeIndex node = 0; node < count(); ++node)
            later([this, node, idle] { act(node, tables_[node].excuse(idle)); });
    }
    void fail(NodeIndex node) { act(node, tables_[node].fail_all(status::job_aborted)); }
    void time_out(NodeIndex node) { act(node, tables_[node].time_out(waiting_.at(node))); }

    NodeIndex count() const { return static_cast<NodeIndex>(tables_.size()); }
    FenceTable& table(NodeIndex node) { return tables_[node]; }
    const std::vector<wire::FenceResult>& ended(NodeIndex node) { return ended_[node]; }
    bool waits(NodeIndex node) const { return waiting_.contains(node); }
    std::size_t records() const {
        std::size_t sum = 0;
        for (const FenceTable& table : tables_)
            sum +=
                gone_.contains(static_cast<NodeIndex>(&table - tables_.data())) ? 0 : table.size();
        return sum;
    }

private:
    void arrive(NodeIndex node) {
        if (gone_.contains(node) || left_[node].empty()) return;
        const FenceMembers members = left_[node].back();
        left_[node].pop_back();
        FenceArrival arrival = tables_[node].arrive(members, blob_of(node));
        EXPECT_TRUE(waiting_.emplace(node, arrival.key).second);
        act(node, std::move(arrival.actions));
    }

    void act(NodeIndex node, FenceActions actions) {
        if (gone_.contains(node)) return;
        for (wire::FenceContribution& part : actions.up) {
            const NodeIndex parent = wire::tree_parent(node).value();
            deliver(node, parent, [this, node, parent, part = std::move(part)] {
                act(parent, tables_[parent].contribution(node, part));
            });
        }
        for (const FenceEnd& end : actions.ended) {
            for (const NodeIndex child : end.children)
                deliver(node, child, [this, child, result = end.result] {
                    act(child, tables_[child].result(result));
                });
            if (end.here) finish(node, end.result);
        }
    }

    void deliver(NodeIndex from, NodeIndex to, std::function<void()> message) {
        later([this, from, to, message = std::move(message)] {
            const bool lost_on_the_way = gone_.contains(from) && random_() % 2 == 0;
            if (!gone_.contains(to) && !lost_on_the_way) message();
        });
    }

    void finish(NodeIndex node, const wire::FenceResult& result) {
        EXPECT_TRUE(waiting_.contains(node) && waiting_.at(node) == result.key);
        waiting_.erase(node);
        ended_[node].push_back(result);
        later([this, node] { arrive(node); });
    }

    std::mt19937 random_;
    std::vector<FenceTable> tables_;
    std::vector<std::function<void()>> events_;
    std::map<NodeIndex, std::vector<FenceMembers>> left_;
    std::map<NodeIndex, wire::FenceKey> waiting_;
    std::map<NodeIndex, std::vector<wire::FenceResult>> ended_;
    std::set<NodeIndex> gone_;
};

std::vector<NodeIndex> all_of(NodeIndex count) {
    std::vector<NodeIndex> nodes(count);
    for (NodeIndex i = 0; i < count; ++i)
        nodes[i] = i;
    return nodes;
}

std::vector<NodeIndex> drawn(NodeIndex count, std::mt19937& random) {
    std::vector<NodeIndex> nodes;
    const std::uint_fast32_t one_in = 2 + random() % 20;
    for (NodeIndex node = 0; node < count; ++node)
        if (random() % one_in == 0) nodes.push_back(node);
    if (nodes.empty()) nodes.push_back(static_cast<NodeIndex>(random() % count));
    return nodes;
}

class FenceTableOf : public testing::TestWithParam<NodeIndex> {};
INSTANTIATE_TEST_SUITE_P(Nodes, FenceTableOf, testing::Values(1, 2, 17, 18, 300));

TEST_P(FenceTableOf, GivesEveryNodeEveryBlobOnce) {
    for (unsigned seed = 0; seed < 3; ++seed) {
        Job job{GetParam(), seed};
        for (NodeIndex node = 0; node < job.count(); ++node)
            job.enter(node, {everyone(), everyone(), everyone()});
        job.run();
        for (NodeIndex node = 0; node < job.count(); ++node) {
            ASSERT_EQ(job.ended(node).size(), 3u);
            for (const wire::FenceResult& result : job.ended(node)) {
                EXPECT_EQ(result.status, status::success);
                EXPECT_EQ(nodes_in(result.blob), all_of(job.count()));
            }
        }
        EXPECT_EQ(job.records(), 0u);
    }
}

TEST_P(FenceTableOf, ServesSubsets) {
    std::mt19937 random{7};
    for (unsigned seed = 0; seed < 8; ++seed) {
        Job job{GetParam(), seed};
        std::vector<FenceMembers> fences{everyone()};
        for (std::uint64_t i = 0; i < 5; ++i)
            fences.push_back({i + 2, drawn(job.count(), random)});
        std::map<NodeIndex, std::vector<FenceMembers>> own;
        for (const FenceMembers& fence : fences)
            for (const NodeIndex node : fence.nodes.empty() ? all_of(job.count()) : fence.nodes)
                own[node].push_back(fence);
        for (const auto& [node, list] : own)
            job.enter(node, list);
        job.run();
        for (const auto& [node, list] : own) {
            ASSERT_EQ(job.ended(node).size(), list.size());
            for (std::size_t i = 0; i < list.size(); ++i) {
                const auto& nodes = list[i].nodes;
                EXPECT_EQ(nodes_in(job.ended(node)[i].blob),
                          nodes.empty() ? all_of(job.count()) : nodes);
            }
        }
        EXPECT_EQ(job.records(), 0u);
    }
}

TEST_P(FenceTableOf, LeavesNoRankWaitingWhateverNodeIsLost) {
    std::mt19937 random{11};
    for (NodeIndex lost = 0; lost < GetParam(); ++lost) {
        if (lost > 18 && lost % 20 != 0) continue;  // of 300 nodes the others are leaves like these
        Job job{GetParam(), lost};
        const FenceMembers some{2, drawn(job.count(), random)};
        const auto in_some = [&](NodeIndex node) {
            return std::ranges::binary_search(some.nodes, node);
        };
        for (NodeIndex node = 0; node < job.count(); ++node) {
            std::vector<FenceMembers> fences{everyone(), everyone()};
            if (in_some(node)) fences = {everyone(), some, everyone(), some};
            job.enter(node, std::move(fences));
        }
        job.later([&] { job.lose(lost); });
        job.run();
        for (NodeIndex node = 0; node < job.count(); ++node) {
            if (node == lost) continue;
            EXPECT_FALSE(job.waits(node)) << node << " waits after the loss of " << lost;
            EXPECT_EQ(job.ended(node).size(), in_some(node) ? 4u : 2u);
        }
        const bool all_can_end = !in_some(lost);
        EXPECT_TRUE(job.records() == 0 || !all_can_end) << "after the loss of " << lost;
    }
}

TEST_P(FenceTableOf, FailsWhatIsUnderWayAndWhatComesAfterTheJobFailed) {
    Job job{GetParam(), 3};
    for (NodeIndex node = 0; node < job.count(); ++node) {
        job.enter(node, {everyone(), everyone(), everyone()});
        job.later([&job, node] { job.fail(node); });
    }
    job.run();
    for (NodeIndex node = 0; node < job.count(); ++node) {
        ASSERT_EQ(job.ended(node).size(), 3u);
        EXPECT_EQ(job.ended(node).back().status, status::job_aborted);
    }
    EXPECT_EQ(job.records(), 0u);
}

TEST_P(FenceTableOf, DoesWithoutNodesThatHaveNoRankLeft) {
    std::mt19937 random{13};
    for (unsigned seed = 0; seed < 8; ++seed) {
        Job job{GetParam(), seed};
        const std::vector<NodeIndex> gone = drawn(job.count(), random);
        const auto is_gone = [&](NodeIndex node) { return std::ranges::binary_search(gone, node); };
        const FenceMembers some{2, drawn(job.count(), random)};
        std::vector<NodeIndex> left;
        for (NodeIndex node = 0; node < job.count(); ++node) {
            const bool in_some = std::ranges::binary_search(some.nodes, node);
            if (is_gone(node)) continue;
            left.push_back(node);
            job.enter(node, in_some ? std::vector{everyone(), some, everyone()}
                                    : std::vector{everyone(), everyone()});
        }
        for (const NodeIndex node : gone)
            job.later([&job, node] { job.excuse(node); });
        job.run();
        for (const NodeIndex node : left) {
            EXPECT_FALSE(job.waits(node)) << node << " of " << job.count();
            ASSERT_GE(job.ended(node).size(), 2u);
            for (const wire::FenceResult& result : job.ended(node))
                EXPECT_EQ(result.status, status::success);
            EXPECT_EQ(nodes_in(job.ended(node).front().blob), left);
        }
    }
}

TEST(FenceTable, FailsForThoseWhoWaitThoughAnotherNodeNeverCame) {
    Job job{18};  // 17 hangs below 1
    for (NodeIndex node = 0; node < 17; ++node)
        if (node != 2) job.enter(node, {everyone()});
    job.run();
    EXPECT_TRUE(job.waits(1));
    job.lose(17);
    job.run();
    for (NodeIndex node = 0; node < 17; ++node) {
        if (node == 2) continue;
        ASSERT_EQ(job.ended(node).size(), 1u);
        EXPECT_EQ(job.ended(node)[0].status, status::lost_connection);
    }
    job.enter(2, {everyone()});
    job.run();
    ASSERT_EQ(job.ended(2).size(), 1u);
    EXPECT_EQ(job.ended(2)[0].status, status::lost_connection);
    EXPECT_EQ(job.records(), 0u);
}

TEST(FenceTable, LetsAFenceGoOnThatALostNodeHasNoPartIn) {
    Job job{40};
    job.lose(5);
    for (const NodeIndex node : {1u, 17u, 39u})
        job.enter(node, {{2, {1, 17, 39}}});
    job.run();
    for (const NodeIndex node : {1u, 17u, 39u}) {
        ASSERT_EQ(job.ended(node).size(), 1u);
        EXPECT_EQ(job.ended(node)[0].status, status::success);
    }
}

TEST(FenceTable, TimesOutForAllWhenOneHasWaitedLongEnough) {
    Job job{18};
    for (NodeIndex node = 0; node < 17; ++node)
        job.enter(node, {everyone()});
    job.run();
    job.time_out(1);  // waits for 17
    job.run();
    for (NodeIndex node = 0; node < 17; ++node) {
        ASSERT_EQ(job.ended(node).size(), 1u);
        EXPECT_EQ(job.ended(node)[0].status, status::timeout);
    }
}

TEST(FenceTable, TimesOutHereAloneOnceItsPartIsUnderWay) {
    Job job{3};
    job.enter(0, {everyone()});
    job.enter(1, {everyone()});
    job.run();
    job.time_out(1);
    EXPECT_EQ(job.ended(1)[0].status, status::timeout);
    job.enter(2, {everyone()});
    job.run();
    EXPECT_EQ(job.ended(1).size(), 1u);
    EXPECT_EQ(job.ended(2)[0].status, status::success);
    EXPECT_EQ(job.records(), 0u);
}

TEST(FenceTable, EndsASubsetAtTheNodeAboveItsMembers) {
    FenceTable one{1, 300};  // no member itself; 17 and 18 hang below it
    const wire::FenceKey key{9, 0};
    const std::vector<NodeIndex> nodes{17, 18};
    FenceActions actions = one.contribution(17, {key, nodes, 0, blob_of(17)});
    EXPECT_TRUE(actions.up.empty() && actions.ended.empty());
    actions = one.contribution(18, {key, nodes, 0, blob_of(18)});
    EXPECT_TRUE(actions.up.empty());
    ASSERT_EQ(actions.ended.size(), 1u);
    EXPECT_EQ(actions.ended[0].children, nodes);
    EXPECT_FALSE(actions.ended[0].here);
}

TEST(FenceTable, KeepsAFailureForRanksThatComeLater) {
    FenceTable leaf{1, 2};
    FenceActions actions = leaf.result({{1, 0}, status::lost_connection, {}});
    EXPECT_TRUE(actions.up.empty() && actions.ended.empty());
    const FenceArrival arrival = leaf.arrive(everyone(), blob_of(1));
    ASSERT_EQ(arrival.actions.ended.size(), 1u);
    EXPECT_TRUE(arrival.actions.ended[0].here);
    EXPECT_EQ(arrival.actions.ended[0].result.status, status::lost_connection);
    ASSERT_EQ(arrival.actions.up.size(), 1u);  // the parent waits for it before it forgets
    EXPECT_EQ(leaf.size(), 0u);
}

TEST(FenceTable, RefusesWhatNoHonestNeighbourSays) {
    FenceTable root{0, 18};
    const wire::FenceContribution part{{1, 0}, {}, 0, {}};
    EXPECT_THROW(root.contribution(17, part), std::system_error);  // not our child
    EXPECT_THROW(root.contribution(99, part), std::system_error);
    EXPECT_THROW(root.contribution(1, {{1, 0}, {1, 99}, 0, {}}), std::system_error);
    EXPECT_THROW(root.contribution(1, {{1, 0}, {3, 2}, 0, {}}), std::system_error);
    EXPECT_THROW(root.result({{1, 0}, 0, {}}), std::system_error);
    root.contribution(1, part);
    EXPECT_THROW(root.contribution(1, part), std::system_error);  // twice
    FenceTable leaf{1, 18};
    EXPECT_THROW(leaf.result({{1, 0}, 0, {}}), std::system_error);  // of a fence we are not in yet
}

}  // namespace
}  // namespace vrun::pmix
