// SPDX-License-Identifier: Apache-2.0
// launcher/standard_stream: stdin, stdout or stderr without blocking the loop and without
// O_NONBLOCK. That flag belongs to the open file, which the shell and others share: setting it
// breaks them. So pipes and terminals are opened anew through /proc, sockets get MSG_DONTWAIT, what
// cannot be opened anew is used in small steps when it is ready, and files, which are always ready,
// are just used.
#pragma once

#include "wire/base/fd.hpp"

#include <sys/uio.h>
#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>
#include <asio/posix/stream_descriptor.hpp>
#include <cstdint>
#include <optional>
#include <span>

namespace vrun::launcher {

// Asio makes every descriptor it waits for non-blocking. It waits for an epoll instance here, and
// that for the descriptor.
class Readiness {
public:
    enum class Direction { in, out };

    // Empty if this kind of file is always ready.
    static std::optional<Readiness> of(asio::any_io_executor loop, int fd, Direction direction);

    // Reports what is ready now, once more.
    void rearm();
    // Completes when something became ready since the last time, or after wake().
    asio::awaitable<void> wait();
    void wake() { epoll_.cancel(); }

private:
    Readiness(asio::any_io_executor loop, UniqueFd epoll, int fd, std::uint32_t events);

    asio::posix::stream_descriptor epoll_;
    int fd_;
    std::uint32_t events_;
};

class StandardStream {
public:
    using Direction = Readiness::Direction;

    // Does not own `fd`, which must stay open. Throws std::system_error if `fd` is not open.
    StandardStream(asio::any_io_executor loop, int fd, Direction direction);

    // One attempt. Empty: it had to wait for a change, or wake() was called; 0: the end. Throws
    // std::system_error.
    asio::awaitable<std::optional<std::size_t>> read_some(std::span<std::byte> into);
    // One attempt. 0: it had to wait for a change, or wake() was called. Throws std::system_error.
    asio::awaitable<std::size_t> write_some(std::span<const iovec> from);

    // For a terminal: whether this process may read it now. True for all else.
    bool is_in_foreground() const;
    // Completes on new input, whoever reads it, or after wake().
    asio::awaitable<void> wait_for_change();
    void wake();

private:
    enum class Kind { always_ready, own, socket, shared };

    int fd() const noexcept { return own_.is_open() ? own_.get() : shared_; }
    Kind kind_of_pollable();
    asio::awaitable<void> wait_if_shared();
    ssize_t write_now(std::span<const iovec> from);
    asio::awaitable<void> wait_after(int error, const char* call);

    int shared_;
    Direction direction_;
    UniqueFd own_;
    std::optional<Readiness> readiness_;
    Kind kind_ = Kind::always_ready;
};

enum class ClosedOutput {
    fails,    // for who must know whether all was written
    is_lost,  // as with ssh: not to be heard is no reason to stop
};

// Opens /dev/null in place of standard descriptors that are closed, so that no file or socket of
// ours takes their numbers. Reading it ends at once.
void fill_closed_standard_descriptors(ClosedOutput output);

}  // namespace vrun::launcher
