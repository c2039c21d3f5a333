// SPDX-License-Identifier: Apache-2.0
// What a session does with the signals that vrun gets.
#include "launcher/job_session.hpp"

#include "wire/base/timeout.hpp"

namespace vrun::launcher {
namespace {

constexpr std::chrono::milliseconds stop_limit{1'000};

}  // namespace

void JobSession::on_signal(int number) {
    switch (signals_.action_of(number)) {
    case SignalAction::end:
        return on_end_signal(number);
    case SignalAction::forward:
        return send_signal(number);
    case SignalAction::stop:
        return tasks_.spawn("stop", stop_with_ranks());
    case SignalAction::resume:
        break;
    }
    send_signal(number);
    input_.look_again();
}

// First with grace, then at once; the third leaves without waiting for anything. Closing the link
// ends the job in any case.
void JobSession::on_end_signal(int number) {
    if (options_.bond == Bond::attached && job_ && !exit_code_) return detach(number);
    ++end_signals_;
    if (exit_code_ || !job_ || end_signals_ > 2) {
        output_tasks_.cancel();
        exit_code_ = 128 + number;
        return decided_.notify();
    }
    const bool again = end_signals_ == 2;
    output_.say(again ? signal_text(number) + " again: killing the job"
                      : "ending the job after " + signal_text(number) +
                            "; the next signal kills it at once");
    end_job(again ? wire::EndMode::kill : wire::EndMode::terminate, wire::FailureKind::cancelled,
            number, 128 + number);
}

// The ranks must have their order before we stand still.
asio::awaitable<void> JobSession::stop_with_ranks() {
    send_signal(SIGTSTP);
    try {
        co_await with_timeout(link_.flushed(), stop_limit);
    } catch (const std::system_error& error) {
        if (error.code() != std::errc::timed_out) throw;
    }
    options_.stop_self();
}

void JobSession::send_signal(int number) {
    if (job_)
        send_to(0, wire::Signal{number});
    else
        early_signals_.push_back(number);
}

}  // namespace vrun::launcher
