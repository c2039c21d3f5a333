// SPDX-License-Identifier: Apache-2.0
// tests/unit/launcher/descriptors: pipes and what flows through them, for tests of vrun's own ends.
#pragma once

#include "wire/base/fd.hpp"
#include "wire/base/result.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>
#include <array>
#include <asio/any_io_executor.hpp>
#include <asio/posix/stream_descriptor.hpp>
#include <asio/read.hpp>
#include <asio/steady_timer.hpp>
#include <asio/use_awaitable.hpp>
#include <functional>
#include <string>

namespace vrun::test {

struct Ends {
    UniqueFd reader, writer;
};

inline Ends make_pipe() {
    std::array<int, 2> ends{};
    check(::pipe2(ends.data(), O_CLOEXEC), "pipe2");
    return {UniqueFd{ends[0]}, UniqueFd{ends[1]}};
}

inline Ends make_socket_pair() {
    std::array<int, 2> ends{};
    check(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()), "socketpair");
    return {UniqueFd{ends[0]}, UniqueFd{ends[1]}};
}

inline UniqueFd open_file(const std::string& path, int flags) {
    return UniqueFd{check(::open(path.c_str(), flags | O_CLOEXEC, 0600), "open")};
}

inline bool is_nonblocking(const UniqueFd& fd) {
    return (::fcntl(fd.get(), F_GETFL) & O_NONBLOCK) != 0;
}

// What can be read from a pipe at once.
inline std::string drain(const UniqueFd& fd) {
    ::fcntl(fd.get(), F_SETFL, ::fcntl(fd.get(), F_GETFL) | O_NONBLOCK);
    std::string text;
    std::array<char, 65536> buffer;
    ssize_t size = 0;
    while ((size = ::read(fd.get(), buffer.data(), buffer.size())) > 0)
        text.append(buffer.data(), static_cast<std::size_t>(size));
    return text;
}

// Lets everything else on the loop run, until `condition` holds; a test's own limit ends it.
inline asio::awaitable<void> until(std::function<bool()> condition) {
    const auto loop = co_await asio::this_coro::executor;
    asio::steady_timer timer{loop};
    while (!condition()) {
        timer.expires_after(std::chrono::milliseconds{1});
        co_await timer.async_wait(asio::use_awaitable);
    }
}

// Long enough for whatever is ready to happen.
inline asio::awaitable<void> settle() {
    const auto loop = co_await asio::this_coro::executor;
    asio::steady_timer timer{loop, std::chrono::milliseconds{50}};
    co_await timer.async_wait(asio::use_awaitable);
}

}  // namespace vrun::test
