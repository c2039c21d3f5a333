/* SPDX-License-Identifier: Apache-2.0
 * glibc's wishes to its malloc; musl's gives memory back by itself and takes no wishes. */
#pragma once
#include_next <malloc.h>
#define M_TRIM_THRESHOLD (-1)
#define M_MMAP_THRESHOLD (-3)

static inline int mallopt(int name, int value) {
    return (void)name, (void)value, 0;
}

static inline int malloc_trim(size_t kept) {
    return (void)kept, 0;
}
