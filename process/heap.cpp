// SPDX-License-Identifier: Apache-2.0
#include "process/heap.hpp"

#include <malloc.h>

namespace vrun::process {
namespace {

constexpr int kept_bytes_max = 64 << 20;
// What a message larger than a chunk of output takes is never kept: malloc would learn to.
constexpr int mapped_from_bytes = 128 << 10;

}  // namespace

void keep_freed_memory() noexcept {
    ::mallopt(M_TRIM_THRESHOLD, kept_bytes_max);
    ::mallopt(M_MMAP_THRESHOLD, mapped_from_bytes);
}

void return_freed_memory() noexcept {
    ::malloc_trim(0);
}

}  // namespace vrun::process
