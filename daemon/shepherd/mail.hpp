// SPDX-License-Identifier: Apache-2.0
// daemon/shepherd/mail: addresses a job's messages from one of its nodes.
// Knows the node's place in the tree and which neighbours are still there. The daemon at the other
// end of the link carries each message on, hop by hop.
#pragma once

#include "wire/link.hpp"
#include "wire/tree.hpp"

namespace vrun::shepherd {

class Mail {
public:
    Mail(wire::Link& link, wire::JobId job, wire::NodeIndex self, std::size_t nodes)
        : link_{link},
          job_{job},
          self_{self},
          parent_{wire::tree_parent(self)},
          children_{wire::tree_children(self, static_cast<wire::NodeIndex>(nodes))} {}

    wire::NodeIndex self() const noexcept { return self_; }
    bool is_root() const noexcept { return self_ == 0; }
    bool is_parent(wire::NodeIndex node) const noexcept { return parent_ == node; }
    bool is_child(wire::NodeIndex node) const noexcept {
        return std::ranges::find(children_, node) != children_.end();
    }
    bool is_orphan() const noexcept { return !is_root() && !parent_; }

    // The neighbour is gone: nothing more is sent to it.
    void lose(wire::NodeIndex neighbour) {
        if (parent_ == neighbour) parent_.reset();
        std::erase(children_, neighbour);
    }

    template <class Body>
    void to_node(wire::NodeIndex node, const Body& body) {
        link_.send(body, wire::Route{job_, node, self_});
    }
    template <class Body>
    void to_vrun(const Body& body) {
        to_node(wire::to_controller, body);
    }
    template <class Body>
    void to_root(const Body& body) {
        to_node(0, body);
    }
    template <class Body>
    void to_parent(const Body& body) {
        if (parent_) to_node(*parent_, body);
    }
    // To the parent; from the root, to vrun.
    template <class Body>
    void to_above(const Body& body) {
        if (is_root()) return to_vrun(body);
        to_parent(body);
    }
    template <class Body>
    void to_children(const Body& body) {
        for (const wire::NodeIndex child : children_)
            to_node(child, body);
    }

private:
    wire::Link& link_;
    wire::JobId job_;
    wire::NodeIndex self_;
    std::optional<wire::NodeIndex> parent_;
    std::vector<wire::NodeIndex> children_;
};

}  // namespace vrun::shepherd
