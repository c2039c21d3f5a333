// SPDX-License-Identifier: Apache-2.0
// process/spawner: turns a ChildPlan into a running child.
// The child borrows our memory until exec (CLONE_VM | CLONE_VFORK), so it costs the same whatever
// our size; it makes system calls only, since other threads may hold any lock, and writes the
// stage and errno of a failure into our own record.
#pragma once

#include "process/child.hpp"
#include "process/cpu_set.hpp"
#include "wire/base/result.hpp"
#include "wire/identity.hpp"
#include "wire/messages/submit.hpp"

#include <array>
#include <string>
#include <utility>
#include <vector>

namespace vrun::process {

struct ChildPlan {
    std::vector<std::string> argv;         // as the program sees it
    std::string program;                   // path to execute (process/program); nothing is searched
    std::vector<std::string> environment;  // all of it
    std::string workdir = {};              // empty: ours
    std::array<UniqueFd, 3> stdio;         // process/pipe makes them

    // More descriptors, each with its number in the child (3 or above). Every other one is closed.
    std::vector<std::pair<UniqueFd, int>> descriptors = {};

    std::optional<wire::Identity> identity = {};   // needs root; empty: ours
    std::optional<mode_t> umask = {};              // empty: ours
    std::vector<wire::ResourceLimit> limits = {};  // soft; one above our hard limit becomes that
    std::optional<int> oom_score_adj = {};         // where allowed; set before `identity`
    CpuSet cpus = {};                              // where it may run; empty: where we may
    Group group = Group::own;
    int death_signal = 0;  // sent to the child when the thread that spawned it ends; 0: none
};

class Spawner {
public:
    explicit Spawner(asio::any_io_executor loop) : loop_{std::move(loop)} {}

    // Returns once exec succeeded, or with the reason why it did not; the sentence names the step
    // that failed. Blocks that long: about 0.4 ms, 2 ms if the program is cold. Throws
    // std::system_error when no process can be made at all.
    Result<Child> spawn(ChildPlan plan);

private:
    asio::any_io_executor loop_;
};

}  // namespace vrun::process
