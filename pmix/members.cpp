// SPDX-License-Identifier: Apache-2.0
#include "pmix/members.hpp"

#include "wire/base/escape.hpp"
#include "wire/job_id.hpp"
#include "wire/job_map.hpp"

#include <algorithm>

namespace vrun::pmix {
namespace {

// FNV-1a: the same on every node, whatever the machine.
class Hash {
public:
    void add(std::string_view bytes) {
        for (const char byte : bytes)
            state_ = (state_ ^ static_cast<unsigned char>(byte)) * 0x100000001b3;
    }
    void add(std::uint32_t number) {
        for (int shift = 0; shift < 32; shift += 8)
            state_ = (state_ ^ ((number >> shift) & 0xff)) * 0x100000001b3;
    }
    std::uint64_t value() const { return state_; }

private:
    std::uint64_t state_ = 0xcbf29ce484222325;
};

Error refused(int code, std::string why) {
    return {{code, category()}, std::move(why)};
}

}  // namespace

Result<FenceMembers> members_of(std::vector<Member> members, const wire::LaunchJob& launch) {
    if (members.empty()) return refused(status::bad_param, "fence over no process");
    std::ranges::sort(members);
    const std::string ours = wire::namespace_of(launch.job);
    std::vector<bool> taking_part(launch.nodes.size());
    Hash hash;
    for (const Member& member : members) {
        if (member.nspace != ours)
            return refused(status::not_supported,
                           "fence with another job, " + escaped(member.nspace));
        hash.add(member.all ? "*" : "r");
        if (member.all) {
            for (const wire::RankRun& run : launch.runs)
                taking_part[run.node] = true;
            continue;
        }
        hash.add(member.rank);
        const auto run = wire::run_of(launch.runs, member.rank);
        if (!run)
            return refused(status::not_found, "fence with rank " + std::to_string(member.rank));
        taking_part[run->node] = true;
    }
    FenceMembers found{hash.value(), {}};
    if (std::ranges::find(taking_part, false) == taking_part.end()) return found;
    for (NodeIndex node = 0; node < taking_part.size(); ++node)
        if (taking_part[node]) found.nodes.push_back(node);
    return found;
}

}  // namespace vrun::pmix
