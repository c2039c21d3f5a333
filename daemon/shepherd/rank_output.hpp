// SPDX-License-Identifier: Apache-2.0
// daemon/shepherd/rank_output: one stream (stdout or stderr) of all ranks of this node.
// Reads a pipe only while it holds credit, in turns, and hands on units of whole lines; a line that
// is longer than a unit, or unfinished for 100 ms, goes as it is. A rank without credit blocks in
// write(): nothing is dropped and at most one unit per rank is kept here.
#pragma once

#include "daemon/shepherd/line_framer.hpp"
#include "wire/base/fd.hpp"
#include "wire/messages/io.hpp"

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>
#include <asio/posix/stream_descriptor.hpp>
#include <asio/steady_timer.hpp>
#include <chrono>
#include <deque>
#include <functional>
#include <list>
#include <memory>

namespace vrun::shepherd {

inline constexpr std::chrono::milliseconds unfinished_line_wait{100};

class RankOutput {
public:
    using OnOutput = std::function<void(wire::Output)>;

    // `on_output` gets 1 to output_bytes_max bytes at a time. It must not destroy this object.
    RankOutput(asio::any_io_executor loop, wire::StreamId stream, OnOutput on_output);
    RankOutput(const RankOutput&) = delete;
    RankOutput& operator=(const RankOutput&) = delete;
    ~RankOutput();

    // Takes the read end of the rank's pipe.
    void add(wire::Rank rank, UniqueFd pipe);

    // So many more bytes may go. The largest sum held at once is the window; lines longer than it
    // are cut, since credit for them would never come together.
    void grant(std::uint64_t bytes);

    // Closes all pipes and drops what is in them.
    void give_up();

    // Completes when every pipe was read to its end and all of it went, or was given up.
    // After the last add().
    asio::awaitable<void> drained();

    std::uint64_t sent_bytes() const noexcept { return sent_; }
    std::uint64_t dropped_bytes() const noexcept { return dropped_; }

private:
    struct Pipe;
    enum class Next : std::uint8_t { turn, data, credit, nothing };

    Next serve(Pipe& pipe);
    Next read_from(Pipe& pipe);
    Next finish(Pipe& pipe);
    void send(Pipe& pipe, wire::Bytes bytes);
    void close(Pipe& pipe);

    void enqueue(Pipe& pipe);
    void pump();
    void schedule_pump();
    void await_data(Pipe& pipe);
    void await_tails(std::chrono::steady_clock::time_point earliest);
    void on_tail_time();

    asio::any_io_executor loop_;
    wire::StreamId stream_;
    OnOutput on_output_;
    std::list<Pipe> pipes_;  // addresses stay
    std::deque<Pipe*>
        ready_;  // have data, an overdue tail or an end; the first gets the next credit
    wire::Bytes scratch_;
    std::uint64_t credit_ = 0, window_ = 0, sent_ = 0, dropped_ = 0;
    std::size_t open_ = 0;
    bool pump_scheduled_ = false, tail_timer_runs_ = false;
    asio::steady_timer tail_timer_;
    asio::steady_timer drained_;  // never expires; cancelled when the last pipe is closed
    std::shared_ptr<void> alive_ =
        std::make_shared<char>();  // pending handlers look whether we are
};

}  // namespace vrun::shepherd
