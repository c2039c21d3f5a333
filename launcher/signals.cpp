// SPDX-License-Identifier: Apache-2.0
#include "launcher/signals.hpp"

#include <algorithm>
#include <array>
#include <asio/use_awaitable.hpp>
#include <cassert>
#include <csignal>

namespace vrun::launcher {
namespace {

// What Open MPI's mpirun forwards, is forwarded.
constexpr std::array table{
    SignalRow{SIGINT, SignalAction::end},      SignalRow{SIGTERM, SignalAction::end},
    SignalRow{SIGHUP, SignalAction::end},      SignalRow{SIGUSR1, SignalAction::forward},
    SignalRow{SIGUSR2, SignalAction::forward}, SignalRow{SIGABRT, SignalAction::forward},
    SignalRow{SIGALRM, SignalAction::forward}, SignalRow{SIGTSTP, SignalAction::stop},
    SignalRow{SIGCONT, SignalAction::resume},
};

bool is_ignored(int number) {
    struct sigaction action {};
    return ::sigaction(number, nullptr, &action) == 0 && action.sa_handler == SIG_IGN;
}

}  // namespace

std::span<const SignalRow> signal_table() noexcept {
    return table;
}

SignalAction action_of(int number) noexcept {
    const auto row = std::ranges::find(table, number, &SignalRow::number);
    assert(row != table.end());
    return row->action;
}

Signals::Signals(asio::any_io_executor loop) : set_{loop} {
    (void)std::signal(SIGPIPE, SIG_IGN);
    (void)std::signal(SIGTTIN, SIG_IGN);
    for (const SignalRow& row : table)
        if (!is_ignored(row.number)) set_.add(row.number);
}

asio::awaitable<void> Signals::run(std::function<void(int)> on_signal) {
    for (;;) {
        const int number = co_await set_.async_wait(asio::use_awaitable);
        on_signal(number);
    }
}

}  // namespace vrun::launcher
