// SPDX-License-Identifier: Apache-2.0
#include "daemon/shepherd/rank_input.hpp"

#include "process/pipe.hpp"
#include "wire/base/result.hpp"

#include <asio/post.hpp>
#include <utility>

namespace vrun::shepherd {

RankInput::RankInput(asio::any_io_executor loop, UniqueFd pipe, Events events)
    : events_{std::move(events)}, pipe_{loop} {
    process::set_nonblocking(pipe);
    pipe_.assign(pipe.get());
    pipe.release();
    watch_reader();
}

RankInput::~RankInput() = default;

void RankInput::push(wire::Bytes bytes) {
    if (!pipe_.is_open() || ended_ || bytes.empty()) return;
    waiting_ += bytes.size();
    queue_.push_back(std::move(bytes));
    schedule_write();
}

void RankInput::end() {
    ended_ = true;
    schedule_write();
}

void RankInput::schedule_write() {
    if (busy_) return;
    busy_ = true;
    asio::post(pipe_.get_executor(), [this, alive = std::weak_ptr{alive_}] {
        if (alive.expired()) return;
        busy_ = false;
        write_some();
    });
}

void RankInput::write_some() {
    std::uint32_t written = 0;
    while (pipe_.is_open() && !queue_.empty()) {
        const auto left = std::span{queue_.front()}.subspan(front_written_);
        const ssize_t count = ::write(pipe_.native_handle(), left.data(), left.size());
        if (count < 0 && errno == EINTR) continue;
        if (count < 0 && errno == EAGAIN) break;
        if (count < 0) return reader_gone();
        front_written_ += static_cast<std::size_t>(count);
        written += static_cast<std::uint32_t>(count);
        if (front_written_ < queue_.front().size()) continue;
        queue_.pop_front();
        front_written_ = 0;
    }
    waiting_ -= written;
    if (!queue_.empty()) await_room();
    if (queue_.empty() && ended_) pipe_.close();
    if (written > 0) events_.on_written(written);
}

void RankInput::await_room() {
    busy_ = true;
    pipe_.async_wait(asio::posix::descriptor_base::wait_write,
                     [this, alive = std::weak_ptr{alive_}](std::error_code error) {
                         if (error || alive.expired()) return;
                         busy_ = false;
                         write_some();
                     });
}

// The write end of a pipe is never readable; the wait completes when its last reader is gone.
void RankInput::watch_reader() {
    pipe_.async_wait(asio::posix::descriptor_base::wait_read,
                     [this, alive = std::weak_ptr{alive_}](std::error_code error) {
                         if (!error && !alive.expired()) reader_gone();
                     });
}

void RankInput::reader_gone() {
    if (!pipe_.is_open()) return;
    pipe_.close();
    queue_.clear();
    waiting_ = 0;
    events_.on_closed();
}

}  // namespace vrun::shepherd
