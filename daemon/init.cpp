// SPDX-License-Identifier: Apache-2.0
#include "daemon/init.hpp"

#include "process/descendants.hpp"
#include "wire/base/escape.hpp"

#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>
#include <array>
#include <asio/use_awaitable.hpp>
#include <csignal>

namespace vrun::daemon {
namespace {

// What a user or an orchestrator sends; faults and job control by the terminal stay ours.
constexpr std::array forwarded{SIGHUP,  SIGINT,  SIGQUIT, SIGUSR1,  SIGUSR2, SIGALRM,
                               SIGTERM, SIGCONT, SIGTSTP, SIGWINCH, SIGPWR};

class SpawnSettings {
public:
    SpawnSettings() {
        check(-::posix_spawn_file_actions_init(&actions_), "posix_spawn_file_actions_init");
        ::posix_spawnattr_init(&attributes_);
    }
    ~SpawnSettings() {
        ::posix_spawnattr_destroy(&attributes_);
        ::posix_spawn_file_actions_destroy(&actions_);
    }
    SpawnSettings(const SpawnSettings&) = delete;
    SpawnSettings& operator=(const SpawnSettings&) = delete;

    void own_group() {
        ::posix_spawnattr_setpgroup(&attributes_, 0);
        flags_ |= POSIX_SPAWN_SETPGROUP;
    }
    void foreground_of_terminal() {
        ::posix_spawn_file_actions_addtcsetpgrp_np(&actions_, STDIN_FILENO);
    }
    void default_action_of(int signal) {
        sigset_t set;
        ::sigemptyset(&set);
        ::sigaddset(&set, signal);
        ::posix_spawnattr_setsigdefault(&attributes_, &set);
        flags_ |= POSIX_SPAWN_SETSIGDEF;
    }

    int spawn(pid_t& pid, char* const argv[]) {
        ::posix_spawnattr_setflags(&attributes_, flags_);
        return ::posix_spawnp(&pid, argv[0], &actions_, &attributes_, argv, environ);
    }

private:
    posix_spawn_file_actions_t actions_;
    posix_spawnattr_t attributes_;
    short flags_ = 0;
};

// A terminal that belongs to somebody else is not ours to give.
bool own_the_terminal() {
    return ::isatty(STDIN_FILENO) == 1 && ::tcgetpgrp(STDIN_FILENO) == ::getpgrp();
}

std::vector<char*> pointers_of(std::vector<std::string>& words) {
    std::vector<char*> pointers;
    for (std::string& word : words)
        pointers.push_back(word.data());
    pointers.push_back(nullptr);
    return pointers;
}

}  // namespace

Init::Init(asio::any_io_executor loop, IsOurs is_ours)
    : signals_{loop, SIGCHLD, SIGTERM, SIGINT}, is_ours_{std::move(is_ours)} {
    signals_.add(SIGHUP);
}

Result<pid_t> Init::start(std::vector<std::string> command) {
    for (const int signal : forwarded)
        signals_.add(signal);
    for (int signal = SIGRTMIN; signal <= SIGRTMAX; ++signal)
        signals_.add(signal);

    SpawnSettings settings;
    settings.own_group();
    if (own_the_terminal()) settings.foreground_of_terminal();
    settings.default_action_of(SIGPIPE);  // which we ignore
    pid_t pid = 0;
    const int error = settings.spawn(pid, pointers_of(command).data());
    if (error != 0)
        return Error{{error, std::system_category()}, "start '" + escaped(command.front()) + "'"};
    main_program_ = pid;
    return pid;
}

asio::awaitable<int> Init::run() {
    reap();  // what ended before anybody told us
    while (!exit_code_) {
        const int signal = co_await signals_.async_wait(asio::use_awaitable);
        take(signal);
    }
    co_return *exit_code_;
}

void Init::take(int signal) {
    if (signal == SIGCHLD) return reap();
    if (main_program_)
        ::kill(*main_program_, signal);
    else
        exit_code_ = 0;
}

void Init::reap() {
    process::reap_orphans([&](pid_t pid) { return pid == main_program_ || is_ours_(pid); });
    siginfo_t info{};
    if (!main_program_) return;
    if (::waitid(P_PID, static_cast<id_t>(*main_program_), &info, WEXITED | WNOHANG) < 0) return;
    if (info.si_pid == 0) return;
    main_program_.reset();
    exit_code_ = info.si_code == CLD_EXITED ? info.si_status : 128 + info.si_status;
}

}  // namespace vrun::daemon
