// SPDX-License-Identifier: Apache-2.0
// daemon/shepherd/rank_input: the standard input of the rank that reads.
// Bytes wait here until the rank's pipe has room; as they go in, the owner hears so and gives new
// credit. The owner grants input_window at the start and so bounds what waits. SIGPIPE is ignored.
#pragma once

#include "wire/base/fd.hpp"
#include "wire/bytes.hpp"

#include <asio/any_io_executor.hpp>
#include <asio/posix/stream_descriptor.hpp>
#include <deque>
#include <functional>
#include <memory>

namespace vrun::shepherd {

inline constexpr std::uint32_t input_window = 256u << 10;

class RankInput {
public:
    struct Events {  // nobody is told unless told otherwise
        std::function<void(std::uint32_t bytes)> on_written = [](std::uint32_t) {
        };  // into the pipe
        // Nobody reads any more; once, not after all was written.
        std::function<void()> on_closed = [] {};
    };

    // Takes the write end of the rank's pipe. The events come from the loop, never from inside a
    // call; they must not destroy this object.
    RankInput(asio::any_io_executor loop, UniqueFd pipe, Events events);
    RankInput(const RankInput&) = delete;
    RankInput& operator=(const RankInput&) = delete;
    ~RankInput();

    void push(wire::Bytes bytes);  // dropped once nobody reads
    void end();                    // nothing follows: the rank sees the end after the last byte

    bool is_open() const noexcept { return pipe_.is_open(); }
    std::size_t waiting_bytes() const noexcept { return waiting_; }

private:
    void schedule_write();
    void write_some();
    void await_room();
    void watch_reader();
    void reader_gone();

    Events events_;
    asio::posix::stream_descriptor pipe_;
    std::deque<wire::Bytes> queue_;
    std::size_t front_written_ = 0;  // of the first
    std::size_t waiting_ = 0;
    bool ended_ = false, busy_ = false;
    std::shared_ptr<void> alive_ =
        std::make_shared<char>();  // pending handlers look whether we are
};

}  // namespace vrun::shepherd
