// SPDX-License-Identifier: Apache-2.0
// wire/base/fd: a file descriptor with one owner.
// Close-on-exec is the business of whoever opens it: O_CLOEXEC, SOCK_CLOEXEC, F_DUPFD_CLOEXEC.
#pragma once

#include <unistd.h>
#include <utility>

namespace vrun {

class UniqueFd {
public:
    UniqueFd() = default;
    explicit UniqueFd(int fd) noexcept : fd_{fd} {}
    UniqueFd(UniqueFd&& other) noexcept : fd_{other.release()} {}
    UniqueFd& operator=(UniqueFd other) noexcept {
        std::swap(fd_, other.fd_);
        return *this;
    }
    ~UniqueFd() {
        if (fd_ >= 0) ::close(fd_);
    }

    int get() const noexcept { return fd_; }
    int release() noexcept { return std::exchange(fd_, -1); }
    bool is_open() const noexcept { return fd_ >= 0; }

private:
    int fd_ = -1;
};

}  // namespace vrun
