// SPDX-License-Identifier: Apache-2.0
// daemon/shepherd/rank_io: output and input of this node's ranks, as messages of the job.
// Output goes to vrun while vrun's credit lasts; input comes from vrun while ours lasts, as fast as
// the slowest rank reads that gets it. What a rank says through PMIx_Log goes the way of its
// standard error, under the same credit.
#pragma once

#include "daemon/shepherd/mail.hpp"
#include "daemon/shepherd/rank_input.hpp"
#include "daemon/shepherd/rank_output.hpp"
#include "process/pipe.hpp"
#include "wire/messages/submit.hpp"

#include <array>
#include <list>
#include <map>
#include <memory>

namespace vrun::shepherd {

// The first ranks stream faster through larger pipes; a user may have 64 MiB in all pipes.
inline constexpr int large_pipe_size = 256 << 10;
inline constexpr std::size_t large_pipes_max = 32;

inline constexpr std::size_t log_waiting_max = 1u << 20;  // of one rank; more of it is dropped

class RankIo {
public:
    // `window` is the credit per stream that vrun has granted with the job. `mail` outlives this.
    RankIo(asio::any_io_executor loop, std::uint32_t window, wire::Streams streams, Mail& mail);

    // The standard descriptors for a rank that is about to start. Throws std::system_error.
    std::array<UniqueFd, 3> connect(wire::Rank rank);

    // After the last connect(): what comes from now on reaches every rank that reads.
    void open_input();

    void on_credit(const wire::Credit& credit);
    void on_input(wire::Input input);
    void on_input_end();
    void log(wire::Rank rank, std::string_view text, wire::StreamId stream);

    void give_up();  // nobody reads any more: what is left is dropped

    // Completes when all pipes are at their end and OutputEnd is sent, once. After the last
    // connect().
    asio::awaitable<void> drained();

private:
    struct Reader {
        std::unique_ptr<RankInput> input;
        std::uint64_t read = 0;
    };

    UniqueFd connect_input();
    void enlarge(const UniqueFd& pipe);  // unless enough of them are large
    void on_read(Reader& reader, std::uint32_t bytes);
    void give_credit();
    RankOutput& output(wire::StreamId stream) {
        return stream == wire::StreamId::err ? err_ : out_;
    }

    asio::any_io_executor loop_;
    Mail& mail_;
    RankOutput out_;
    RankOutput err_;
    wire::Streams streams_;
    std::list<Reader> readers_;      // addresses stay
    std::uint64_t input_given_ = 0;  // credit, without the first window
    bool is_input_open_ = false;
    std::map<std::pair<wire::Rank, wire::StreamId>, std::unique_ptr<RankInput>> logs_;
    std::size_t large_pipes_ = 0;
    bool given_up_ = false, is_end_sent_ = false;
};

}  // namespace vrun::shepherd
