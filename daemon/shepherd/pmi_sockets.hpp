// SPDX-License-Identifier: Apache-2.0
// daemon/shepherd/pmi_sockets: the ranks of one job on this node, as clients of a PMI server.
// Each has a socket of its own, inherited as descriptor pmi_fd. A rank that does not read its
// answers, or does not speak PMI, is hung up on: its library sees that, and nobody waits for it.
#pragma once

#include "pmi/server.hpp"
#include "pmix/upcalls.hpp"
#include "process/log.hpp"
#include "wire/base/fd.hpp"
#include "wire/base/task_group.hpp"

#include <asio/local/stream_protocol.hpp>
#include <functional>
#include <map>

namespace vrun::shepherd {

// Above what shells take for themselves, and low enough for a small limit of descriptors.
inline constexpr int pmi_fd = 30;

class PmiSockets {
public:
    struct Events {
        std::function<void(pmi::Bytes changes, pmix::Reply reply)> on_barrier;
        std::function<void(wire::Rank)> on_init, on_finalize;
        std::function<void(const pmi::Abort&)> on_abort;
    };

    // `log` outlives this.
    PmiSockets(asio::any_io_executor loop, pmi::ServerSetup setup, Events events,
               process::Log& log);

    // The other end, for a rank that is about to start. Throws std::system_error.
    UniqueFd connect(wire::Rank rank);

    // Hears what the rank said last: an abort counts before the exit that follows it.
    void rank_ended(wire::Rank rank);

    asio::awaitable<void> finish();  // no rank of the job is left

private:
    using Socket = asio::local::stream_protocol::socket;

    asio::awaitable<void> listen(wire::Rank rank);
    bool hear(wire::Rank rank);
    void obey(const pmi::Actions& actions);
    void carry_out(const pmi::Answer& answer);
    void carry_out(const pmi::Entered& entered) { events_.on_init(entered.rank); }
    void carry_out(const pmi::Left& left) { events_.on_finalize(left.rank); }
    void carry_out(const pmi::Barrier& barrier);
    void carry_out(const pmi::Abort& abort) { events_.on_abort(abort); }
    void carry_out(const pmi::HangUp& hang_up) { end(hang_up.rank, hang_up.reason); }
    void end(wire::Rank rank, const std::string& reason);

    asio::any_io_executor loop_;
    process::Log& log_;
    Events events_;
    pmi::Server server_;
    std::map<wire::Rank, Socket> sockets_;
    TaskGroup tasks_;
};

}  // namespace vrun::shepherd
