// SPDX-License-Identifier: Apache-2.0
#include "launcher/input_reader.hpp"

#include "wire/messages/io.hpp"

#include <algorithm>
#include <asio/error.hpp>

namespace vrun::launcher {

InputReader::InputReader(asio::any_io_executor loop, int fd, InputEvents events)
    : stream_{loop, fd, StandardStream::Direction::in},
      events_{std::move(events)},
      credited_{loop} {}

void InputReader::add_credit(std::uint32_t bytes) {
    credit_ += bytes;
    credited_.notify();
}

void InputReader::look_again() {
    stream_.wake();
}

void InputReader::stop() {
    stopped_ = true;
    credited_.notify();
    stream_.wake();
}

// Until there is credit, and the terminal is ours if it is one. `fg` does not always send SIGCONT,
// but then the next line typed wakes us.
asio::awaitable<void> InputReader::wait_for_turn() {
    while (!stopped_ && credit_ == 0)
        co_await credited_.wait();
    while (!stopped_ && !stream_.is_in_foreground())
        co_await stream_.wait_for_change();
}

// Empty: try again. Losing the terminal between the look and the read is no failure.
asio::awaitable<std::optional<std::size_t>> InputReader::read_some(std::span<std::byte> into) {
    const std::span<std::byte> target = into.first(std::min<std::uint64_t>(credit_, into.size()));
    try {
        const std::optional<std::size_t> size = co_await stream_.read_some(target);
        co_return size;
    } catch (const std::system_error& error) {
        if (error.code() != std::errc::io_error || stream_.is_in_foreground()) throw;
    }
    co_return std::nullopt;
}

asio::awaitable<void> InputReader::run() {
    wire::Bytes buffer(wire::output_bytes_max);
    const std::span<std::byte> whole{buffer};
    std::error_code failure;
    try {
        for (;;) {
            co_await wait_for_turn();
            if (stopped_) co_return;
            const std::optional<std::size_t> size = co_await read_some(whole);
            if (!size) continue;
            if (*size == 0) break;
            credit_ -= *size;
            events_.on_bytes(
                wire::Bytes{buffer.begin(), buffer.begin() + static_cast<std::ptrdiff_t>(*size)});
        }
    } catch (const std::system_error& error) {
        failure = error.code();
    }
    if (failure == asio::error::operation_aborted) throw std::system_error{failure, "read"};
    events_.on_end(failure);
}

}  // namespace vrun::launcher
