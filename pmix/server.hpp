// SPDX-License-Identifier: Apache-2.0
// pmix/server: the PMIx server of one node, serving one job at a time.
// libpmix runs on threads of its own; we see it on the loop only. All of libpmix is in here.
// One Server in the life of a process (libpmix 4.2 aborts at a second init), and before many
// descriptors are open (its select() aborts the process at 1,024).
#pragma once

#include "pmix/upcalls.hpp"
#include "wire/messages/launch.hpp"

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace vrun::pmix {

struct ServerSetup {
    std::string node_name;     // ours in every job's node list
    std::string directory;     // of the server alone: libpmix removes it at the end
    std::string topology_xml;  // hwloc's; empty: loaded here, which takes longer
};

struct JobSetup {
    const wire::LaunchJob& launch;  // borrowed until open_job is done
    NodeIndex node = 0;             // which of its nodes we are
    std::string directory;          // exists, belongs to `uid`; ranks get it as PMIx's TMPDIR
    std::uint32_t uid = 0;          // whom the ranks run as: libpmix refuses others
    std::uint32_t gid = 0;
};

struct ModexData {
    int status = 0;  // of PMIx
    Bytes blob;
};

class Server {
public:
    // Starts libpmix; changes the environment of the process, so do it before there are threads.
    // Throws std::system_error. `upcalls` outlives the server.
    Server(asio::any_io_executor loop, ServerSetup setup, Upcalls& upcalls);
    ~Server();  // stops libpmix. First drop the Replies and await the calls below
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;

    // Makes the job known, so that its ranks may start. Throws std::system_error; call close_job
    // then too. `setup` outlives the call.
    asio::awaitable<void> open_job(const JobSetup& setup);

    // What a local rank needs to find us ("PMIX_…=…"); remove all other PMIX_* from its
    // environment. Throws std::system_error.
    std::vector<std::string> environment_of(Rank rank) const;

    // What a local rank has published, once it has: a rank that never does is waited for until
    // cancelled. Not a rank of ours, or no job: status::not_found.
    asio::awaitable<ModexData> request_modex(Rank rank);

    // Forgets the job. False: libpmix did not answer in time, which happens after it refused a
    // client; it cannot be trusted any more, not even to stop: _exit.
    asio::awaitable<bool> close_job();

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace vrun::pmix
