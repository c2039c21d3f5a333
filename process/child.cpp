// SPDX-License-Identifier: Apache-2.0
#include "process/child.hpp"

#include "wire/base/result.hpp"

#include <sys/wait.h>
#include <asio/use_awaitable.hpp>
#include <csignal>
#include <utility>

extern "C" {  // glibc 2.36 forgets the linkage
#include <sys/pidfd.h>
}

namespace vrun::process {
namespace {

ExitStatus reap(int pidfd) {
    siginfo_t info{};
    int result = 0;
    do {
        result = ::waitid(P_PIDFD, static_cast<id_t>(pidfd), &info, WEXITED);
    } while (result < 0 && errno == EINTR);
    check(result, "waitid");
    if (info.si_code == CLD_EXITED) return Exited{info.si_status};
    return Signaled{info.si_status};
}

}  // namespace

int exit_code_of(const ExitStatus& status) noexcept {
    if (const auto* exited = std::get_if<Exited>(&status)) return exited->code;
    return 128 + std::get_if<Signaled>(&status)->signal;
}

Child::Child(asio::any_io_executor loop, pid_t pid, UniqueFd pidfd, Group group)
    : pid_{pid}, group_{group}, pidfd_{loop, pidfd.release()} {}

Child::Child(Child&& other) noexcept
    : pid_{std::exchange(other.pid_, std::nullopt)},
      group_{other.group_},
      pidfd_{std::move(other.pidfd_)} {}

Child::~Child() {
    if (!pid_) return;
    signal_group(SIGKILL);
    try {
        reap(pidfd_.native_handle());
    } catch (const std::system_error&) {
    }
}

void Child::signal_group(int number) noexcept {
    if (!pid_) return;
    if (group_ == Group::own) ::kill(-*pid_, number);
    if (group_ == Group::ours) signal_process(number);
}

void Child::signal_process(int number) noexcept {
    if (pid_) ::pidfd_send_signal(pidfd_.native_handle(), number, nullptr, 0);
}

asio::awaitable<ExitStatus> Child::wait() {
    co_await pidfd_.async_wait(asio::posix::descriptor_base::wait_read, asio::use_awaitable);
    const ExitStatus status = reap(pidfd_.native_handle());
    pid_.reset();
    co_return status;
}

}  // namespace vrun::process
