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
constexpr std::array usual{
    SignalRow{SIGINT, SignalAction::end},      SignalRow{SIGTERM, SignalAction::end},
    SignalRow{SIGHUP, SignalAction::end},      SignalRow{SIGUSR1, SignalAction::forward},
    SignalRow{SIGUSR2, SignalAction::forward}, SignalRow{SIGABRT, SignalAction::forward},
    SignalRow{SIGALRM, SignalAction::forward}, SignalRow{SIGTSTP, SignalAction::stop},
    SignalRow{SIGCONT, SignalAction::resume},
};

// "none,TSTP" is TSTP alone, which still means to stop.
SignalAction usual_action_of(int number) {
    const auto row = std::ranges::find(usual, number, &SignalRow::number);
    return row == usual.end() ? SignalAction::forward : row->action;
}

bool is_ignored(int number) {
    struct sigaction action {};
    return ::sigaction(number, nullptr, &action) == 0 && action.sa_handler == SIG_IGN;
}

}  // namespace

std::vector<SignalRow> signal_rows(const ForwardedSignals& wanted) {
    std::vector<SignalRow> rows;
    for (const SignalRow& row : usual)
        if (wanted.has_usual || row.action == SignalAction::end) rows.push_back(row);
    for (const int number : wanted.more)
        if (std::ranges::count(rows, number, &SignalRow::number) == 0)
            rows.push_back({number, usual_action_of(number)});
    return rows;
}

SignalAction Signals::action_of(int number) const noexcept {
    const auto row = std::ranges::find(rows_, number, &SignalRow::number);
    assert(row != rows_.end());
    return row->action;
}

Signals::Signals(asio::any_io_executor loop, std::vector<SignalRow> rows)
    : rows_{std::move(rows)}, set_{loop} {
    (void)std::signal(SIGPIPE, SIG_IGN);
    (void)std::signal(SIGTTIN, SIG_IGN);
    for (const SignalRow& row : rows_)
        if (!is_ignored(row.number)) set_.add(row.number);
}

asio::awaitable<void> Signals::run(std::function<void(int)> on_signal) {
    for (;;) {
        const int number = co_await set_.async_wait(asio::use_awaitable);
        on_signal(number);
    }
}

}  // namespace vrun::launcher
