// SPDX-License-Identifier: Apache-2.0
// tests/support/weight: LD_PRELOAD it, and a program is as large as one that has served for long.
#include <string.h>

static char weight[32 << 20];

__attribute__((constructor)) static void put_on(void) {
    memset(weight, 1, sizeof weight);
}
