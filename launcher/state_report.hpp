// SPDX-License-Identifier: Apache-2.0
// launcher/state_report: what the nodes say of a job whose time is over, as text.
// Collects the answers of the nodes that were asked; those of which none came are named, too.
// The words are Open MPI's where it has words for it. Pure.
#pragma once

#include "launcher/job_words.hpp"
#include "wire/messages/state.hpp"

#include <map>
#include <set>

namespace vrun::launcher {

class StateReport {
public:
    void ask(wire::NodeIndex node) { awaited_.insert(node); }
    void add(wire::NodeIndex node, wire::NodeState state);
    void lose(wire::NodeIndex node) { awaited_.erase(node); }  // it will not answer
    bool is_complete() const noexcept { return awaited_.empty(); }
    void clear();

    // A line for each rank, by rank. The node names and texts are escaped.
    Lines state_lines(const std::string& job, const wire::JobAccepted& accepted) const;
    // Of each rank that lives: where its threads stand, or why nobody can say.
    Lines stack_lines(const wire::JobAccepted& accepted) const;

private:
    struct Row {
        wire::RankState state;
        wire::NodeIndex node = 0;
        bool is_known = false;
    };
    std::vector<Row> rows(const wire::JobAccepted& accepted) const;

    std::set<wire::NodeIndex> awaited_;
    std::map<wire::NodeIndex, wire::NodeState> answers_;
};

}  // namespace vrun::launcher
