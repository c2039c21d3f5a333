// SPDX-License-Identifier: Apache-2.0
#include "launcher/standard_stream.hpp"

#include "wire/base/result.hpp"

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>
#include <algorithm>
#include <asio/experimental/as_tuple.hpp>
#include <asio/use_awaitable.hpp>
#include <climits>
#include <string>

namespace vrun::launcher {
namespace {

constexpr auto as_values = asio::experimental::as_tuple(asio::use_awaitable);

mode_t file_type_of(int fd) {
    struct stat status {};
    check(::fstat(fd, &status), "fstat");
    return status.st_mode & S_IFMT;
}

// An open file of our own for what `fd` refers to. Not open if the kernel refuses: the terminal or
// pipe may be another user's (su, sudo), /proc may be missing, the reader of a pipe may be gone.
UniqueFd opened_anew(int fd, int access) {
    const std::string path = "/proc/self/fd/" + std::to_string(fd);
    return UniqueFd{::open(path.c_str(), access | O_NONBLOCK | O_CLOEXEC | O_NOCTTY)};
}

}  // namespace

std::optional<Readiness> Readiness::of(asio::any_io_executor loop, int fd, Direction direction) {
    UniqueFd epoll{check(::epoll_create1(EPOLL_CLOEXEC), "epoll_create1")};
    const std::uint32_t events = EPOLLET | (direction == Direction::in ? EPOLLIN : EPOLLOUT);
    epoll_event event{};
    event.events = events;
    if (::epoll_ctl(epoll.get(), EPOLL_CTL_ADD, fd, &event) == 0)
        return Readiness{loop, std::move(epoll), fd, events};
    if (errno == EPERM) return std::nullopt;
    throw std::system_error{errno, std::system_category(), "epoll_ctl"};
}

Readiness::Readiness(asio::any_io_executor loop, UniqueFd epoll, int fd, std::uint32_t events)
    : epoll_{loop, epoll.get()}, fd_{fd}, events_{events} {
    (void)epoll.release();
}

void Readiness::rearm() {
    epoll_event event{};
    event.events = events_;
    check(::epoll_ctl(epoll_.native_handle(), EPOLL_CTL_MOD, fd_, &event), "epoll_ctl");
}

asio::awaitable<void> Readiness::wait() {
    co_await epoll_.async_wait(asio::posix::descriptor_base::wait_read, as_values);
    epoll_event taken{};
    (void)::epoll_wait(epoll_.native_handle(), &taken, 1,
                       0);  // or the next wait would see it again
}

StandardStream::StandardStream(asio::any_io_executor loop, int fd, Direction direction)
    : shared_{fd}, direction_{direction}, readiness_{Readiness::of(loop, fd, direction)} {
    if (!readiness_) return;
    kind_ = kind_of_pollable();
    if (kind_ == Kind::own) readiness_ = Readiness::of(loop, own_.get(), direction);
}

StandardStream::Kind StandardStream::kind_of_pollable() {
    if (file_type_of(shared_) == S_IFSOCK) return Kind::socket;
    own_ = opened_anew(shared_, direction_ == Direction::in ? O_RDONLY : O_WRONLY);
    return own_.is_open() ? Kind::own : Kind::shared;
}

// Of a descriptor that may block, only what a ready one takes at once is asked for. (Another
// process that is quicker than we are can still make us wait for a moment.)
asio::awaitable<void> StandardStream::wait_if_shared() {
    if (kind_ != Kind::shared) co_return;
    readiness_->rearm();
    co_await readiness_->wait();
}

// Throws unless `error` only means that it would have had to wait.
asio::awaitable<void> StandardStream::wait_after(int error, const char* call) {
    if (error == EINTR) co_return;
    if (error != EAGAIN || !readiness_)
        throw std::system_error{error, std::system_category(), call};
    if (kind_ != Kind::shared) co_await readiness_->wait();  // shared: the next attempt waits first
}

asio::awaitable<std::optional<std::size_t>> StandardStream::read_some(std::span<std::byte> into) {
    co_await wait_if_shared();
    const ssize_t size = kind_ == Kind::socket
                             ? ::recv(fd(), into.data(), into.size(), MSG_DONTWAIT)
                             : ::read(fd(), into.data(), into.size());
    const int error = errno;
    if (size >= 0) co_return static_cast<std::size_t>(size);
    co_await wait_after(error, "read");
    co_return std::nullopt;
}

ssize_t StandardStream::write_now(std::span<const iovec> from) {
    if (kind_ == Kind::shared)
        return ::write(fd(), from[0].iov_base, std::min<std::size_t>(from[0].iov_len, PIPE_BUF));
    if (kind_ != Kind::socket) return ::writev(fd(), from.data(), static_cast<int>(from.size()));
    msghdr message{};
    message.msg_iov = const_cast<iovec*>(from.data());  // sendmsg only reads it
    message.msg_iovlen = from.size();
    return ::sendmsg(fd(), &message, MSG_DONTWAIT | MSG_NOSIGNAL);
}

asio::awaitable<std::size_t> StandardStream::write_some(std::span<const iovec> from) {
    co_await wait_if_shared();
    const ssize_t size = write_now(from);
    const int error = errno;
    if (size >= 0) co_return static_cast<std::size_t>(size);
    co_await wait_after(error, "write");
    co_return 0;
}

bool StandardStream::is_in_foreground() const {
    const pid_t foreground = ::tcgetpgrp(fd());  // fails if it is not our controlling terminal
    return foreground < 0 || foreground == ::getpgrp();
}

asio::awaitable<void> StandardStream::wait_for_change() {
    if (readiness_) co_await readiness_->wait();
}

void StandardStream::wake() {
    if (readiness_) readiness_->wake();
}

void fill_closed_standard_descriptors(ClosedOutput output) {
    const int access = output == ClosedOutput::fails ? O_RDONLY : O_RDWR;
    for (int fd = 0; fd <= 2; ++fd)
        if (::fcntl(fd, F_GETFD) < 0) (void)::open("/dev/null", access);  // takes the lowest number
}

}  // namespace vrun::launcher
