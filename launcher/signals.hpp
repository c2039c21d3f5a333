// SPDX-License-Identifier: Apache-2.0
// launcher/signals: what vrun does with each signal it gets, as a table, and how it gets them.
// Signals that were ignored when vrun started (nohup, `&` of a script) stay ignored. PIPE and TTIN
// are always ignored: writing and reading report them as errors. QUIT keeps its default.
#pragma once

#include "launcher/life_settings.hpp"

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>
#include <asio/signal_set.hpp>
#include <functional>
#include <vector>

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

std::vector<SignalRow> signal_rows(const ForwardedSignals& wanted = {});

class Signals {
public:
    Signals(asio::any_io_executor loop, std::vector<SignalRow> rows);  // now they are caught

    asio::awaitable<void> run(std::function<void(int)> on_signal);  // until cancelled
    SignalAction action_of(int number) const noexcept;              // of one in the rows

private:
    std::vector<SignalRow> rows_;
    asio::signal_set set_;
};

}  // namespace vrun::launcher
