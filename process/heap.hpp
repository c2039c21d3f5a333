// SPDX-License-Identifier: Apache-2.0
// process/heap: what the C library does with memory that we freed.
// By itself it gives the top of the heap back at once: while output streams through, every chunk
// then costs a system call and fresh pages. What is kept is bounded by what credits let pile up.
#pragma once

namespace vrun::process {

// At the start of a program.
void keep_freed_memory() noexcept;

// When what needed it is over.
void return_freed_memory() noexcept;

}  // namespace vrun::process
