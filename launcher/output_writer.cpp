// SPDX-License-Identifier: Apache-2.0
#include "launcher/output_writer.hpp"

#include <sys/stat.h>
#include <algorithm>
#include <asio/post.hpp>

namespace vrun::launcher {
namespace {

constexpr std::size_t gather_chunks_max = 64;
constexpr std::size_t gather_bytes_max = 256u << 10;

bool is_same_file(int a, int b) {
    struct stat first {
    }, second{};
    return ::fstat(a, &first) == 0 && ::fstat(b, &second) == 0 && first.st_dev == second.st_dev &&
           first.st_ino == second.st_ino;
}

}  // namespace

OutputSink::OutputSink(asio::any_io_executor loop, int fd, OutputEvents& events)
    : stream_{loop, fd, StandardStream::Direction::out}, events_{events}, wakeup_{loop} {}

void OutputSink::push(Chunk chunk) {
    if (chunk.bytes.empty()) return;
    queue_.push_back(std::move(chunk));
    if (failure_) drop_queue();
    wakeup_.notify();
}

void OutputSink::finish() {
    finishing_ = true;
    wakeup_.notify();
}

void OutputSink::gather() {
    gathered_.clear();
    std::size_t size = 0, begin = begin_;
    for (Chunk& chunk : queue_) {
        if (gathered_.size() == gather_chunks_max || size >= gather_bytes_max) break;
        gathered_.push_back({chunk.bytes.data() + begin, chunk.bytes.size() - begin});
        size += gathered_.back().iov_len;
        begin = 0;
    }
}

// Consecutive chunks of one node and stream become one credit.
void OutputSink::give_back(const Chunk& chunk, std::vector<Written>& credits) {
    if (chunk.is_ours) return;
    const auto bytes = static_cast<std::uint32_t>(chunk.bytes.size());
    const bool same = !credits.empty() && credits.back().node == chunk.node &&
                      credits.back().stream == chunk.stream;
    if (same)
        credits.back().bytes += bytes;
    else
        credits.push_back({chunk.node, chunk.stream, bytes});
}

void OutputSink::take(std::size_t written) {
    std::vector<Written> credits;
    begin_ += written;
    while (!queue_.empty() && begin_ >= queue_.front().bytes.size()) {
        begin_ -= queue_.front().bytes.size();
        give_back(queue_.front(), credits);
        queue_.pop_front();
    }
    for (const Written& credit : credits)
        events_.on_written(credit);
}

// The nodes need their credit even for what nobody can read: they must come to their end.
void OutputSink::drop_queue() {
    std::vector<Written> credits;
    const auto of_a_rank = std::ranges::find(queue_, false, &Chunk::is_ours);
    if (!reported_ && of_a_rank != queue_.end()) {
        reported_ = true;
        events_.on_failure(of_a_rank->stream, failure_);
    }
    for (const Chunk& chunk : queue_)
        give_back(chunk, credits);
    queue_.clear();
    begin_ = 0;
    for (const Written& credit : credits)
        events_.on_written(credit);
}

asio::awaitable<void> OutputSink::run() {
    const auto loop = co_await asio::this_coro::executor;
    for (;;) {
        while (queue_.empty()) {
            if (finishing_) co_return;
            co_await wakeup_.wait();
        }
        gather();
        try {
            const std::span<const iovec> buffers{gathered_};
            const std::size_t written = co_await stream_.write_some(buffers);
            take(written);
        } catch (const std::system_error& error) {
            if (error.code() == asio::error::operation_aborted) throw;
            failure_ = error.code();
            drop_queue();
        }
        co_await asio::post(loop, asio::use_awaitable);  // a fast file must not keep beats waiting
    }
}

OutputWriter::OutputWriter(asio::any_io_executor loop, int out_fd, int err_fd, OutputEvents events)
    : events_{std::move(events)}, out_{loop, out_fd, events_} {
    if (!is_same_file(out_fd, err_fd)) err_.emplace(loop, err_fd, events_);
}

void OutputWriter::start(TaskGroup& tasks) {
    tasks.spawn("write standard output", out_.run());
    if (err_) tasks.spawn("write standard error", err_->run());
}

void OutputWriter::finish() {
    out_.finish();
    if (err_) err_->finish();
}

OutputSink& OutputWriter::sink_of(wire::StreamId stream) {
    return stream == wire::StreamId::err && err_ ? *err_ : out_;
}

void OutputWriter::write(wire::NodeIndex node, wire::StreamId stream, wire::Bytes bytes) {
    sink_of(stream).push({std::move(bytes), /*is_ours=*/false, node, stream});
}

void OutputWriter::say(const std::string& line) {
    const std::string text = program_ + ": " + line + "\n";
    sink_of(wire::StreamId::err).push({wire::bytes_of(text), /*is_ours=*/true});
}

}  // namespace vrun::launcher
