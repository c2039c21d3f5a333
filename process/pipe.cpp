// SPDX-License-Identifier: Apache-2.0
#include "process/pipe.hpp"

#include "wire/base/result.hpp"

#include <fcntl.h>
#include <array>

namespace vrun::process {
namespace {

UniqueFd above_stdio(UniqueFd fd) {
    if (fd.get() > STDERR_FILENO) return fd;
    return UniqueFd{check(::fcntl(fd.get(), F_DUPFD_CLOEXEC, STDERR_FILENO + 1), "fcntl")};
}

}  // namespace

Pipe make_pipe() {
    std::array<int, 2> ends{};
    check(::pipe2(ends.data(), O_CLOEXEC), "pipe2");
    UniqueFd reader{ends[0]}, writer{ends[1]};
    return {above_stdio(std::move(reader)), above_stdio(std::move(writer))};
}

UniqueFd open_null() {
    return above_stdio(UniqueFd{check(::open("/dev/null", O_RDWR | O_CLOEXEC), "open /dev/null")});
}

void enlarge(const UniqueFd& pipe, int size) noexcept {
    (void)::fcntl(pipe.get(), F_SETPIPE_SZ, size);
}

void set_nonblocking(const UniqueFd& fd) {
    const int flags = check(::fcntl(fd.get(), F_GETFL), "fcntl");
    check(::fcntl(fd.get(), F_SETFL, flags | O_NONBLOCK), "fcntl");
}

}  // namespace vrun::process
