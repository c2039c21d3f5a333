// SPDX-License-Identifier: Apache-2.0
// daemon/job_table: the jobs that this daemon has a part in, and where their messages go next.
// A daemon may be a job's controller, one of its nodes, or both. next_hop() is pure: it needs the
// job, who we are, and whether the message comes from vrun (the star) or from a node (the tree).
#pragma once

#include "process/cpu_set.hpp"
#include "wire/link.hpp"
#include "wire/messages/end.hpp"
#include "wire/messages/launch.hpp"

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace vrun::daemon {

struct Client;
struct Shepherd;

struct Job {
    wire::JobId id = 0;
    wire::Incarnation controller = 0;
    std::vector<wire::JobNode> nodes;
    wire::Scale scale;
    std::uint32_t lease_ms = 0;
    std::uint32_t ttl_ms = 0;           // as in LaunchJob
    std::set<wire::Incarnation> peers;  // whose connections it uses

    std::optional<wire::NodeIndex> self;  // which of its nodes we are
    Shepherd* shepherd = nullptr;         // ours, once it serves this job
    std::vector<wire::Message> held;      // for a shepherd that does not serve it yet
    bool node_part_over = false;          // our shepherd is done with it, or lost
    process::CpuSet cores;                // that its ranks here hold, until then

    bool is_controller = false;
    std::uint32_t owner = 0;                // uid of the caller, as the controller's kernel said
    Client* client = nullptr;               // the vrun that waits for it
    std::set<wire::NodeIndex> lost;         // as far as the controller knows
    std::set<wire::NodeIndex> done;         // said NodeDone to the controller
    std::optional<wire::Failure> rootless;  // why the root is gone: the controller ends the job
    bool ended = false;                     // JobEnded was seen
    std::uint64_t file_bytes = 0;           // of vrun's files, on their way
    bool may_outlive = false;               // it goes on without a client
    std::uint32_t turn = 0;                 // as in TakeJob; 0: it was launched from here
    std::string taken_by;                   // as in TakeJob
    std::set<wire::NodeIndex> ours;         // that speak to us since this turn
};

std::optional<wire::NodeIndex> node_of(const std::vector<wire::JobNode>& nodes,
                                       wire::Incarnation incarnation);
std::optional<wire::NodeIndex> node_of(const Job& job, wire::Incarnation incarnation);

// That the node is out, for those who must know.
wire::NodeLost notice_of(const Job& job, wire::NodeIndex node, const std::string& reason);

enum class HopKind { shepherd, client, peer, nowhere };
struct Hop {
    HopKind kind = HopKind::nowhere;
    wire::Incarnation peer = 0;

    bool operator==(const Hop&) const = default;
};

enum class Origin { client, node };
Hop next_hop(const Job& job, wire::NodeIndex to, Origin origin);

// The nodes whose connections a node watches: its parent and its children in the tree.
std::vector<wire::NodeIndex> tree_neighbours(wire::NodeIndex node, std::size_t nodes);

class JobTable {
public:
    Job& add(wire::JobId id);  // a new one, or the one we have
    Job* find(wire::JobId id) noexcept;
    void erase(wire::JobId id) { jobs_.erase(id); }
    bool empty() const noexcept { return jobs_.empty(); }
    std::vector<wire::JobId> ids() const;

    process::CpuSet held_cores() const;  // of all jobs together

    // For Link: how large the job of a message is. LaunchJob comes before the job is known.
    std::optional<wire::Scale> scale_of(wire::MessageType type, wire::Route route,
                                        std::span<const std::byte> start);

private:
    std::map<wire::JobId, Job> jobs_;
};

}  // namespace vrun::daemon
