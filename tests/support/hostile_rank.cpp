// SPDX-License-Identifier: Apache-2.0
// vrun-hostile-rank WORD… -- PROGRAM ARG…: starts what is hard to end, says "ready", becomes
// PROGRAM. Each word below adds one kind of process; without PROGRAM it waits for ever. Nothing
// here ends by itself: only for the pretended hosts of tests/cluster, whose end ends everything.
#include <fcntl.h>
#include <sys/prctl.h>
#include <unistd.h>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <span>
#include <string_view>

namespace {

[[noreturn]] void stay() {
    for (;;)
        ::pause();
}

void ignore_signals() {
    for (int number = 1; number < NSIG; ++number)
        ::signal(number, SIG_IGN);
}

// A child of nobody, in a session of its own, without environment; it keeps our output open.
void daemonize() {
    if (::fork() != 0) return;
    ::setsid();
    if (::fork() != 0) ::_exit(0);
    ::clearenv();
    stay();
}

// Has orphans of its own, and is stopped.
void keep_orphans() {
    if (::fork() != 0) return;
    ::setsid();
    ::prctl(PR_SET_CHILD_SUBREAPER, 1);
    daemonize();
    ::raise(SIGSTOP);
    stay();
}

// Another number, another session, all the time.
void run_away() {
    if (::fork() != 0) return;
    for (;;) {
        if (::fork() > 0) ::_exit(0);
        ::setsid();
    }
}

// Always some children, which nobody reaps.
void multiply() {
    if (::fork() != 0) return;
    ::signal(SIGCHLD, SIG_IGN);
    for (;;) {
        if (::fork() == 0) {
            ::usleep(20'000);
            ::_exit(0);
        }
        ::usleep(2'000);
    }
}

// Where this file is setuid root: what the user may not kill.
void become_root() {
    if (::fork() != 0) return;
    if (::setresuid(0, 0, 0) < 0) ::perror("setresuid");
    ::setsid();
    stay();
}

struct Kind {
    std::string_view word;
    void (*start)();
};
constexpr std::array kinds{Kind{"ignore", ignore_signals}, Kind{"daemonize", daemonize},
                           Kind{"orphans", keep_orphans},  Kind{"run-away", run_away},
                           Kind{"multiply", multiply},     Kind{"root", become_root}};

bool start(std::string_view word) {
    for (const Kind& kind : kinds)
        if (kind.word == word) return kind.start(), true;
    return false;
}

}  // namespace

int main(int, char** argv) {
    char** word = argv + 1;
    for (; *word && std::strcmp(*word, "--") != 0; ++word)
        if (!start(*word)) return std::fprintf(stderr, "what is '%s'?\n", *word), 2;
    std::puts("ready");
    std::fflush(stdout);
    if (!*word) stay();
    ::execvp(word[1], word + 1);
    std::perror(word[1]);
    return 127;
}
