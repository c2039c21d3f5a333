// SPDX-License-Identifier: Apache-2.0
#include "daemon/shepherd/rank_output.hpp"

#include "process/pipe.hpp"
#include "wire/base/result.hpp"

#include <sys/ioctl.h>
#include <algorithm>
#include <asio/experimental/as_tuple.hpp>
#include <asio/post.hpp>
#include <asio/use_awaitable.hpp>
#include <optional>

namespace vrun::shepherd {

using Clock = std::chrono::steady_clock;

struct RankOutput::Pipe {
    wire::Rank rank;
    asio::posix::stream_descriptor reader;
    LineFramer lines = {};
    Clock::time_point unfinished_since = {};  // when lines.held() > 0
    bool overdue = false;                     // that line goes unless more can be read
    bool queued = false, awaited = false;
    bool at_end = false;  // read to its end; what is held goes next
    bool closed = false;
};

RankOutput::RankOutput(asio::any_io_executor loop, wire::StreamId stream, OnOutput on_output)
    : loop_{loop},
      stream_{stream},
      on_output_{std::move(on_output)},
      scratch_(wire::output_bytes_max),
      tail_timer_{loop},
      drained_{loop, Clock::time_point::max()} {}

RankOutput::~RankOutput() = default;

void RankOutput::add(wire::Rank rank, UniqueFd pipe) {
    process::set_nonblocking(pipe);
    pipes_.push_back({rank, asio::posix::stream_descriptor{loop_, pipe.get()}});
    pipe.release();
    ++open_;
    await_data(pipes_.back());
}

void RankOutput::grant(std::uint64_t bytes) {
    credit_ += bytes;
    window_ = std::max(window_, credit_);
    if (!ready_.empty()) schedule_pump();
}

void RankOutput::give_up() {
    ready_.clear();
    for (Pipe& pipe : pipes_) {
        if (pipe.closed) continue;
        int left = 0;
        if (!pipe.at_end && ::ioctl(pipe.reader.native_handle(), FIONREAD, &left) < 0) left = 0;
        dropped_ += pipe.lines.flush().size() + static_cast<std::uint64_t>(left);
        close(pipe);
    }
}

asio::awaitable<void> RankOutput::drained() {
    while (open_ > 0)
        co_await drained_.async_wait(asio::experimental::as_tuple(asio::use_awaitable));
}

RankOutput::Next RankOutput::serve(Pipe& pipe) {
    return pipe.at_end ? finish(pipe) : read_from(pipe);
}

// Never more than may go at once, so that what was read can also be sent. A line may need more
// than the credit of now: it waits for it in front of all others, or it would wait for ever.
RankOutput::Next RankOutput::read_from(Pipe& pipe) {
    const std::size_t held = pipe.lines.held();
    if (credit_ <= held) return Next::credit;
    const auto unit_max =
        static_cast<std::size_t>(std::min<std::uint64_t>(window_, scratch_.size()));
    const std::size_t room =
        static_cast<std::size_t>(std::min<std::uint64_t>(unit_max, credit_)) - held;
    const ssize_t count = ::read(pipe.reader.native_handle(), scratch_.data(), room);
    if (count < 0 && errno == EINTR) return Next::turn;
    if (count < 0 && errno == EAGAIN) {
        if (pipe.overdue) send(pipe, pipe.lines.flush());
        return Next::data;
    }
    if (count <= 0) {
        pipe.at_end = true;
        return finish(pipe);
    }
    const auto size = static_cast<std::size_t>(count);
    wire::Bytes unit = pipe.lines.feed(std::span{scratch_}.first(size), unit_max);
    const bool is_new_tail = pipe.lines.held() > 0 && (held == 0 || !unit.empty());
    if (!unit.empty()) send(pipe, std::move(unit));
    if (is_new_tail) {
        pipe.unfinished_since = Clock::now();
        await_tails(pipe.unfinished_since);
    }
    return size == room || pipe.overdue ? Next::turn : Next::data;
}

RankOutput::Next RankOutput::finish(Pipe& pipe) {
    if (credit_ < pipe.lines.held()) return Next::credit;
    if (pipe.lines.held() > 0) send(pipe, pipe.lines.flush());
    close(pipe);
    return Next::nothing;
}

void RankOutput::send(Pipe& pipe, wire::Bytes bytes) {
    credit_ -= bytes.size();
    sent_ += bytes.size();
    pipe.overdue = false;
    on_output_(wire::Output{pipe.rank, stream_, std::move(bytes)});
}

void RankOutput::close(Pipe& pipe) {
    if (pipe.closed) return;  // given up from on_output
    pipe.closed = true;
    pipe.reader.close();
    if (--open_ == 0) drained_.cancel();
}

void RankOutput::enqueue(Pipe& pipe) {
    if (pipe.queued || pipe.closed) return;
    pipe.queued = true;
    ready_.push_back(&pipe);
}

// One turn for each pipe that is ready, then the loop's other work has its turn.
void RankOutput::pump() {
    for (std::size_t turns = ready_.size(); turns > 0 && !ready_.empty(); --turns) {
        Pipe& pipe = *ready_.front();
        const Next next = serve(pipe);
        if (next == Next::credit) return;  // grant() goes on with this one
        if (ready_.empty()) return;        // given up from on_output
        ready_.pop_front();
        pipe.queued = false;
        if (next == Next::turn) enqueue(pipe);
        if (next == Next::data) await_data(pipe);
    }
    if (!ready_.empty()) schedule_pump();
}

void RankOutput::schedule_pump() {
    if (pump_scheduled_) return;
    pump_scheduled_ = true;
    asio::post(loop_, [this, alive = std::weak_ptr{alive_}] {
        if (alive.expired()) return;
        pump_scheduled_ = false;
        pump();
    });
}

void RankOutput::await_data(Pipe& pipe) {
    if (pipe.awaited) return;
    pipe.awaited = true;
    const auto readable = [this, &pipe, alive = std::weak_ptr{alive_}](std::error_code error) {
        if (error || alive.expired()) return;
        pipe.awaited = false;
        enqueue(pipe);
        if (!pump_scheduled_) pump();
    };
    pipe.reader.async_wait(asio::posix::descriptor_base::wait_read, readable);
}

// The timer runs while a line waits, not once per line: most are finished long before.
void RankOutput::await_tails(Clock::time_point earliest) {
    if (tail_timer_runs_) return;
    tail_timer_runs_ = true;
    tail_timer_.expires_at(earliest + unfinished_line_wait);
    tail_timer_.async_wait([this, alive = std::weak_ptr{alive_}](std::error_code error) {
        if (error || alive.expired()) return;
        tail_timer_runs_ = false;
        on_tail_time();
    });
}

void RankOutput::on_tail_time() {
    const Clock::time_point since = Clock::now() - unfinished_line_wait;
    std::optional<Clock::time_point> next;
    for (Pipe& pipe : pipes_) {
        if (pipe.closed || pipe.lines.held() == 0 || pipe.overdue) continue;
        pipe.overdue = pipe.unfinished_since <= since;
        if (pipe.overdue) enqueue(pipe);
        if (!pipe.overdue)
            next = std::min(next.value_or(pipe.unfinished_since), pipe.unfinished_since);
    }
    if (next) await_tails(*next);
    if (!pump_scheduled_) pump();
}

}  // namespace vrun::shepherd
