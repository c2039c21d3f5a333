// SPDX-License-Identifier: Apache-2.0
// launcher/output_writer: the ranks' stdout and stderr, and vrun's own messages, to where they
// belong. Each chunk is written whole before the next one of the same file, so lines never mix;
// stdout and stderr that are the same file share one queue. What a queue holds is bounded by the
// credit that the nodes have: on_written gives it back. Once a file fails, what is for it is
// dropped as written.
#pragma once

#include "launcher/standard_stream.hpp"
#include "launcher/wakeup.hpp"
#include "wire/base/task_group.hpp"
#include "wire/messages/io.hpp"

#include <deque>
#include <functional>
#include <string>
#include <vector>

namespace vrun::launcher {

struct Written {  // credit to give back
    wire::NodeIndex node = 0;
    wire::StreamId stream = wire::StreamId::out;
    std::uint32_t bytes = 0;
};

struct OutputEvents {
    std::function<void(Written)> on_written;
    // Once for a file, when output of a rank could not be written.
    std::function<void(wire::StreamId, std::error_code)> on_failure;
};

// One file and what waits for it.
class OutputSink {
public:
    struct Chunk {
        wire::Bytes bytes;
        bool is_ours = false;  // a message of vrun: no credit, and no failure of the job
        wire::NodeIndex node = 0;
        wire::StreamId stream = wire::StreamId::out;
    };

    OutputSink(asio::any_io_executor loop, int fd, OutputEvents& events);

    void push(Chunk chunk);
    asio::awaitable<void> run();  // until finish() and the queue is empty
    void finish();

private:
    void gather();
    void take(std::size_t written);
    void give_back(const Chunk& chunk, std::vector<Written>& credits);
    void drop_queue();

    StandardStream stream_;
    OutputEvents& events_;
    Wakeup wakeup_;
    std::deque<Chunk> queue_;
    std::size_t begin_ = 0;  // of the first chunk, what is not written yet
    std::vector<iovec> gathered_;
    std::error_code failure_;
    bool reported_ = false;
    bool finishing_ = false;
};

class OutputWriter {
public:
    OutputWriter(asio::any_io_executor loop, int out_fd, int err_fd, OutputEvents events);
    OutputWriter(const OutputWriter&) = delete;
    OutputWriter& operator=(const OutputWriter&) = delete;

    void start(TaskGroup& tasks);  // the tasks end after finish(), when all is written
    void finish();

    void write(wire::NodeIndex node, wire::StreamId stream, wire::Bytes bytes);
    void say(const std::string& line);  // "vrun: line", on standard error
    void speak_as(std::string program) { program_ = std::move(program); }

private:
    OutputSink& sink_of(wire::StreamId stream);

    std::string program_ = "vrun";
    OutputEvents events_;
    OutputSink out_;
    std::optional<OutputSink> err_;  // empty: the same file as out_
};

}  // namespace vrun::launcher
