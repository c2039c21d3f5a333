/* SPDX-License-Identifier: Apache-2.0
 * loop ROUNDS COPIES COMMAND...: starts COPIES processes, waits for all of them, ROUNDS times.
 * Prints a line per round: wall and CPU time in microseconds, then the first code that is not 0.
 * With COPIES 1 it is the stopwatch of a launcher, with more the bare cost that it is held against.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>

extern char** environ;

static long long now_us(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000000LL + now.tv_nsec / 1000;
}

static long long us_of(struct timeval time) {
    return time.tv_sec * 1000000LL + time.tv_usec;
}

/* The code of the first process that did not end well, as a shell would say it. */
static int run_round(int copies, char** command, posix_spawn_file_actions_t* actions,
                     long long* cpu_us) {
    int code = 0;
    for (int i = 0; i < copies; ++i) {
        pid_t pid;
        const int error = posix_spawnp(&pid, command[0], actions, NULL, command, environ);
        if (error) {
            fprintf(stderr, "loop: %s: %s\n", command[0], strerror(error));
            exit(127);
        }
    }
    for (int i = 0; i < copies; ++i) {
        int status;
        struct rusage usage;
        if (wait4(-1, &status, 0, &usage) < 0) exit(1);
        *cpu_us += us_of(usage.ru_utime) + us_of(usage.ru_stime);
        if (code == 0) code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    }
    return code;
}

int main(int argc, char** argv) {
    if (argc < 4) {
        fputs("usage: loop ROUNDS COPIES COMMAND...\n", stderr);
        return 2;
    }
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
    for (int round = atoi(argv[1]); round > 0; --round) {
        long long cpu_us = 0;
        const long long start = now_us();
        const int code = run_round(atoi(argv[2]), argv + 3, &actions, &cpu_us);
        printf("%lld %lld %d\n", now_us() - start, cpu_us, code);
        fflush(stdout);
    }
    return 0;
}
