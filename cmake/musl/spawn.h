/* SPDX-License-Identifier: Apache-2.0
 * musl cannot hand the terminal to a process that is being started: `vrund -- CMD` starts CMD in the
 * background of its terminal there. `docker exec` is another way in. */
#pragma once
#include_next <spawn.h>
#include <errno.h>

static inline int posix_spawn_file_actions_addtcsetpgrp_np(posix_spawn_file_actions_t* actions,
                                                           int terminal) {
    return (void)actions, (void)terminal, ENOSYS;
}
