// SPDX-License-Identifier: Apache-2.0
#include "launcher/output_writer.hpp"

#include <sys/stat.h>
#include <unistd.h>
#include <algorithm>
#include <asio/post.hpp>
#include <utility>

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

OutputDecorator decorator_for(int fd, OutputStyle style) {
    style.color = style.color && ::isatty(fd) == 1;
    return OutputDecorator{std::move(style)};
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
    const Written& credit = chunk.credit;
    if (chunk.is_ours || credit.bytes == 0) return;
    const bool same = !credits.empty() && credits.back().node == credit.node &&
                      credits.back().stream == credit.stream;
    if (same)
        credits.back().bytes += credit.bytes;
    else
        credits.push_back(credit);
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
        events_.on_failure(of_a_rank->credit.stream, failure_);
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

OutputWriter::OutputWriter(asio::any_io_executor loop, int out_fd, int err_fd, OutputPlan plan,
                           OutputEvents events)
    : events_{std::move(events)},
      plan_{std::move(plan)},
      files_{plan_.files, plan_.style},
      out_{OutputSink{loop, out_fd, events_}, decorator_for(out_fd, plan_.style)} {
    if (!is_same_file(out_fd, err_fd))
        err_.emplace(OutputSink{loop, err_fd, events_}, decorator_for(err_fd, plan_.style));
}

void OutputWriter::start(TaskGroup& tasks) {
    tasks.spawn("write standard output", out_.sink.run());
    if (err_) tasks.spawn("write standard error", err_->sink.run());
}

void OutputWriter::finish() {
    if (const std::optional<Error> error = files_.finish()) on_file_error(*error);
    finish(out_);
    if (err_) finish(*err_);
}

void OutputWriter::finish(Target& target) {
    if (std::exchange(target.has_begun, false))
        target.sink.push({wire::bytes_of(target.decorator.closing()), /*is_ours=*/true});
    target.sink.finish();
}

OutputWriter::Target& OutputWriter::target_of(wire::StreamId stream) {
    return stream == wire::StreamId::err && err_ ? *err_ : out_;
}

void OutputWriter::write(wire::NodeIndex node, const OutputSource& source, wire::Bytes bytes) {
    const bool needs_time = !plan_.style.is_bare() || files_.has(source.stream);
    const SystemTime now = needs_time ? std::chrono::system_clock::now() : SystemTime{};
    const Written credit{node, source.stream, static_cast<std::uint32_t>(bytes.size())};
    write_to_files(source, bytes, now);
    if (shows(source.stream))
        show(target_of(source.stream), source, {std::move(bytes), /*is_ours=*/false, credit}, now);
    else
        events_.on_written(credit);
}

void OutputWriter::show(Target& target, const OutputSource& source, OutputSink::Chunk chunk,
                        SystemTime now) {
    clear_status();
    if (!plan_.style.is_bare()) {
        if (!std::exchange(target.has_begun, true))
            target.sink.push({wire::bytes_of(target.decorator.opening()), /*is_ours=*/true});
        chunk.bytes = target.decorator.decorate(source, chunk.bytes, now);
    }
    target.sink.push(std::move(chunk));
}

void OutputWriter::write_to_files(const OutputSource& source, const wire::Bytes& bytes,
                                  SystemTime now) {
    if (files_failed_ || !files_.has(source.stream)) return;
    if (const std::optional<Error> error = files_.write(source, bytes, now)) on_file_error(*error);
}

void OutputWriter::on_file_error(const Error& error) {
    if (std::exchange(files_failed_, true)) return;
    events_.on_file_failure(error);
}

void OutputWriter::say(const std::string& line) {
    clear_status();
    target_of(wire::StreamId::err)
        .sink.push({wire::bytes_of(program_ + ": " + line + "\n"), /*is_ours=*/true});
}

void OutputWriter::print(wire::StreamId stream, const std::string& line) {
    clear_status();
    target_of(stream).sink.push({wire::bytes_of(line + "\n"), /*is_ours=*/true});
}

void OutputWriter::show_status(const std::string& line) {
    clear_status();
    has_status_ = true;
    target_of(wire::StreamId::err)
        .sink.push({wire::bytes_of(program_ + ": " + line), /*is_ours=*/true});
}

void OutputWriter::clear_status() {
    constexpr std::string_view to_the_left_and_erase = "\r\033[K";
    if (std::exchange(has_status_, false))
        target_of(wire::StreamId::err)
            .sink.push({wire::bytes_of(to_the_left_and_erase), /*is_ours=*/true});
}

}  // namespace vrun::launcher
