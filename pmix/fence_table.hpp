// SPDX-License-Identifier: Apache-2.0
// pmix/fence_table: the fences under way on one node, as a pure state machine.
// Each fence sends, over each edge of the tree that it needs, exactly one contribution up and one
// result down, whatever happens; so records end, and after a failure nobody waits.
// A fence ends at its top: the deepest node with every member below it or on it.
#pragma once

#include "pmix/members.hpp"
#include "wire/messages/wireup.hpp"

#include <map>
#include <optional>
#include <set>
#include <vector>

namespace vrun::pmix {

struct FenceEnd {  // a result, and whom it goes to
    wire::FenceResult result;
    std::vector<NodeIndex> children;
    bool here = false;  // answer our own ranks: the Reply of result.key
};

struct FenceActions {                         // what the caller shall do now
    std::vector<wire::FenceContribution> up;  // to the parent
    std::vector<FenceEnd> ended;
};

struct FenceArrival {
    wire::FenceKey key;  // of the Reply: keep it before doing what follows
    FenceActions actions;
};

class FenceTable {
public:
    FenceTable(NodeIndex self, std::size_t nodes) : self_{self}, nodes_{nodes} {}

    // All members of this node are in. Call it for each fence, in libpmix's order: the count is
    // half of the key.
    FenceArrival arrive(const FenceMembers& members, Bytes blob);

    // From a child, from the parent. Throw BodyErrc::bad_value if no honest neighbour says that.
    FenceActions contribution(NodeIndex child, wire::FenceContribution contribution);
    FenceActions result(wire::FenceResult result);

    FenceActions time_out(const wire::FenceKey& key);  // our ranks have waited long enough

    // Both hold for later fences too. A loss has to reach every node by one or the other: a node
    // that lies between lost members and the top, with none itself, never heard of the fence.
    FenceActions node_lost(NodeIndex node);
    FenceActions fail_all(int status);  // the job failed

    // No rank is left on that node, and the job goes on: fences do without it. Every node of the
    // job has to hear of it.
    FenceActions excuse(NodeIndex node);

    std::size_t size() const noexcept { return records_.size(); }  // fences under way

private:
    struct Record {
        bool known = false;            // who takes part
        std::vector<NodeIndex> nodes;  // that take part; empty: all
        bool is_top = false;
        std::set<NodeIndex> awaited;  // self and children whose part is not in
        std::vector<NodeIndex> owed;  // children that have no result yet
        bool waiting_here = false;    // our own ranks have no result yet
        bool sent_up = false;
        bool result_in = false;    // the parent's, or it cannot come
        std::optional<int> ended;  // the status, once there is one
        Bytes blob;
    };
    using Records = std::map<wire::FenceKey, Record>;

    Records::iterator learn(const wire::FenceKey& key, const std::vector<NodeIndex>& nodes);
    void find_awaited(Record& record) const;
    void cut(Record& record, NodeIndex lost) const;
    bool has_members_below(const Record& record, NodeIndex hop) const;
    void leave_out_excused(Record& record) const;
    void part_in(Records::iterator at, NodeIndex from, FenceActions& actions);
    void settle(Records::iterator at, FenceActions& actions);
    void end(Records::iterator at, Bytes blob, FenceActions& actions);
    void end_all_ended(FenceActions& actions);

    NodeIndex self_;
    std::size_t nodes_;
    Records records_;
    std::map<std::uint64_t, std::uint32_t> arrivals_;  // per member list
    std::set<NodeIndex> lost_, excused_;
    std::optional<int> failed_;
};

}  // namespace vrun::pmix
