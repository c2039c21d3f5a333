// SPDX-License-Identifier: Apache-2.0
// launcher/shell_session: one command of vrsh, from SubmitJob to the exit code.
// As ssh: over when the command has ended and its streams are closed. What it left running keeps
// the job, and so somebody has to hold on to the daemon until that is over, too: outlive().
#pragma once

#include "launcher/beat_watch.hpp"
#include "launcher/job_input.hpp"
#include "launcher/output_writer.hpp"
#include "launcher/signals.hpp"
#include "wire/link.hpp"
#include "wire/messages/end.hpp"
#include "wire/messages/submit.hpp"

#include <optional>

namespace vrun::launcher {

inline constexpr int vrsh_failed = 255;  // the exit code of ssh's own failures

class ShellSession {
public:
    struct Descriptors {
        int in = 0, out = 1, err = 2;
    };
    struct End {
        int exit_code = vrsh_failed;
        bool lives_on = false;  // something runs there still
    };

    // The link is greeted, its writer runs, and it outlives the session.
    ShellSession(asio::any_io_executor loop, wire::Link& link, Descriptors descriptors);

    // Completes when the command is over and all it said is written; the descriptors are left
    // alone from then on. Call once.
    asio::awaitable<End> run(wire::SubmitJob job);

    // After run(), also when nothing lives on: completes when nothing is left there, or nobody is
    // heard any more.
    asio::awaitable<void> outlive();

private:
    struct Streams {
        OutputWriter output;
        JobInput input;
    };

    std::unique_ptr<Streams> make_streams(Descriptors descriptors);
    asio::awaitable<void> close_streams();
    asio::awaitable<void> read_messages();
    asio::awaitable<void> watch_daemon();
    void handle(const wire::Message& message);
    void handle_stream(const wire::Message& message);
    void on_accepted(const wire::Message& message);
    void on_lost(const wire::NodeLost& lost);
    void on_signal(int number);
    void on_write_failure(wire::StreamId stream, std::error_code error);
    void check_over();
    void end_job(wire::EndMode mode, wire::FailureKind kind, int exit_code);
    void decide(End end);
    void lose_daemon(const std::string& how);
    void say(const std::string& text);

    asio::any_io_executor loop_;
    wire::Link& link_;
    Signals signals_;
    BeatWatch beats_;
    Wakeup changed_;
    TaskGroup stream_tasks_, tasks_;
    std::unique_ptr<Streams> streams_;      // until they are over
    std::optional<wire::JobId> job_;        // from JobAccepted on
    std::optional<wire::RankExited> left_;  // the command ended, and left something behind
    std::optional<wire::JobEnded> ended_;
    bool is_drained_ = false, is_lost_ = false;
    int end_signals_ = 0;
    std::optional<End> end_;
};

}  // namespace vrun::launcher
