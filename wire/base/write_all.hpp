// SPDX-License-Identifier: Apache-2.0
// wire/base/write_all: every byte into a blocking descriptor, or the reason why not.
#pragma once

#include <unistd.h>
#include <cerrno>
#include <cstddef>
#include <span>
#include <system_error>

namespace vrun {

inline std::error_code write_all(int fd, std::span<const std::byte> bytes) noexcept {
    while (!bytes.empty()) {
        const ssize_t size = ::write(fd, bytes.data(), bytes.size());
        if (size < 0 && errno == EINTR) continue;
        if (size < 0) return {errno, std::system_category()};
        bytes = bytes.subspan(static_cast<std::size_t>(size));
    }
    return {};
}

}  // namespace vrun
