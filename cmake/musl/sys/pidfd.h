/* SPDX-License-Identifier: Apache-2.0
 * What musl does not have of glibc's <sys/pidfd.h>: the system calls alone. */
#pragma once
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

static inline int pidfd_open(pid_t pid, unsigned int flags) {
    return (int)syscall(SYS_pidfd_open, pid, flags);
}

static inline int pidfd_send_signal(int pidfd, int number, siginfo_t* info, unsigned int flags) {
    return (int)syscall(SYS_pidfd_send_signal, pidfd, number, info, flags);
}
