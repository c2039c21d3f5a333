// SPDX-License-Identifier: Apache-2.0
// daemon/shepherd/rank_io: output and input of this node's ranks, as messages of the job.
// Output goes to vrun while vrun's credit lasts; input comes from vrun while ours lasts. What a
// rank says through PMIx_Log goes the way of its standard error, under the same credit.
#pragma once

#include "daemon/shepherd/mail.hpp"
#include "daemon/shepherd/rank_input.hpp"
#include "daemon/shepherd/rank_output.hpp"
#include "process/pipe.hpp"

#include <array>
#include <map>
#include <memory>

namespace vrun::shepherd {

inline constexpr std::size_t log_waiting_max = 1u << 20;  // of one rank; more of it is dropped

class RankIo {
public:
    // `window` is the credit per stream that vrun has granted with the job. `mail` outlives this.
    RankIo(asio::any_io_executor loop, std::uint32_t window, Mail& mail);

    // The standard descriptors for a rank that is about to start. Throws std::system_error.
    std::array<UniqueFd, 3> connect(wire::Rank rank);

    void on_credit(const wire::Credit& credit);
    void on_input(wire::Input input);
    void on_input_end();
    void log(wire::Rank rank, std::string_view text, wire::StreamId stream);

    void give_up();  // nobody reads any more: what is left is dropped

    // Completes when all pipes are at their end and OutputEnd is sent. After the last connect().
    asio::awaitable<void> drained();

private:
    UniqueFd connect_input();
    RankOutput& output(wire::StreamId stream) {
        return stream == wire::StreamId::err ? err_ : out_;
    }

    asio::any_io_executor loop_;
    Mail& mail_;
    RankOutput out_;
    RankOutput err_;
    std::unique_ptr<RankInput> input_;  // of rank 0, if it is here
    std::map<std::pair<wire::Rank, wire::StreamId>, std::unique_ptr<RankInput>> logs_;
    bool given_up_ = false;
};

}  // namespace vrun::shepherd
