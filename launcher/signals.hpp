// SPDX-License-Identifier: Apache-2.0
// launcher/signals: what vrun does with each signal it gets, as a table, and how it gets them.
// Signals that were ignored when vrun started (nohup, `&` of a script) stay ignored. PIPE and TTIN
// are always ignored: writing and reading report them as errors. QUIT keeps its default.
#pragma once

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>
#include <asio/signal_set.hpp>
#include <functional>
#include <span>

namespace vrun::launcher {

enum class SignalAction : unsigned char {
    end,      // the job: first with grace, then at once
    forward,  // to every rank
    stop,     // the ranks, then vrun
    resume,   // the ranks, as vrun is again
};

struct SignalRow {
    int number;
    SignalAction action;
};

std::span<const SignalRow> signal_table() noexcept;
SignalAction action_of(int number) noexcept;  // of a signal in the table

class Signals {
public:
    explicit Signals(asio::any_io_executor loop);  // from here on they are caught

    asio::awaitable<void> run(std::function<void(int)> on_signal);  // until cancelled

private:
    asio::signal_set set_;
};

}  // namespace vrun::launcher
