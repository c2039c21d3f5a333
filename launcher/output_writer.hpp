// SPDX-License-Identifier: Apache-2.0
// launcher/output_writer: the ranks' stdout and stderr, and vrun's own messages, to where they
// belong, in the form and with the copies in files that the user asked for. Each chunk is written
// whole before the next one of the same file, so lines never mix; stdout and stderr that are the
// same file share one queue. What a queue holds is bounded by the credit that the nodes have:
// on_written gives it back. Once a file fails, what is for it is dropped as written.
#pragma once

#include "launcher/output_files.hpp"
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
    std::function<void(const Error&)> on_file_failure = [](const Error&) {};  // once
};

struct OutputPlan {
    OutputStyle style = {};
    OutputFilePatterns files = {};
    bool shows_out = true;  // on vrun's own standard output, not in files alone
    bool shows_err = true;
};

// One file and what waits for it.
class OutputSink {
public:
    struct Chunk {
        wire::Bytes bytes;
        bool is_ours = false;  // a message of vrun: no credit, and no failure of the job
        Written credit = {};   // to give back when it is written
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
    OutputWriter(asio::any_io_executor loop, int out_fd, int err_fd, OutputPlan plan,
                 OutputEvents events);
    OutputWriter(const OutputWriter&) = delete;
    OutputWriter& operator=(const OutputWriter&) = delete;

    void start(TaskGroup& tasks);  // the tasks end after finish(), when all is written
    void finish();

    void write(wire::NodeIndex node, const OutputSource& source, wire::Bytes bytes);
    void say(const std::string& line);                           // "vrun: line", on standard error
    void print(wire::StreamId stream, const std::string& line);  // as it is: what was asked for

    // On a terminal: a line that stays until anything else is written, or it is cleared.
    void show_status(const std::string& line);
    void clear_status();
    void speak_as(std::string program) { program_ = std::move(program); }

private:
    struct Target {
        OutputSink sink;
        OutputDecorator decorator;
        bool has_begun = false;  // a rank's output was shown here
    };
    Target& target_of(wire::StreamId stream);
    bool shows(wire::StreamId stream) const {
        return stream == wire::StreamId::err ? plan_.shows_err : plan_.shows_out;
    }
    void write_to_files(const OutputSource& source, const wire::Bytes& bytes, SystemTime now);
    void on_file_error(const Error& error);
    void show(Target& target, const OutputSource& source, OutputSink::Chunk chunk, SystemTime now);
    void finish(Target& target);

    std::string program_ = "vrun";
    OutputEvents events_;
    OutputPlan plan_;
    OutputFiles files_;
    bool files_failed_ = false;
    bool has_status_ = false;
    Target out_;
    std::optional<Target> err_;  // empty: the same file as out_
};

}  // namespace vrun::launcher
