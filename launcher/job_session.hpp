// SPDX-License-Identifier: Apache-2.0
// launcher/job_session: one job, from SubmitJob to the exit code.
// One reader of the daemon's messages drives everything through a table of handlers; output, input,
// signals and the watch over the daemon are tasks beside it. Over when the job has ended, every
// node that is not lost has sent its last output, and all of it is written.
#pragma once

#include "launcher/accepted_job.hpp"
#include "launcher/file_sender.hpp"
#include "launcher/job_input.hpp"
#include "launcher/job_words.hpp"
#include "launcher/session_options.hpp"
#include "launcher/signals.hpp"
#include "launcher/told_life.hpp"
#include "wire/link.hpp"
#include "wire/messages/jobs.hpp"
#include "wire/messages/notice.hpp"
#include "wire/messages/submit.hpp"

#include <optional>
#include <set>

namespace vrun::launcher {

class JobSession {
public:
    // The link is greeted, its writer runs, and it outlives the session.
    JobSession(asio::any_io_executor loop, wire::Link& link, SessionOptions options);

    // The exit code, once every task has ended. Call one of them, once.
    asio::awaitable<int> run(wire::SubmitJob job, Lines notices);
    asio::awaitable<int> run(wire::JobCommand attach);
    const PhaseTimes& times() const noexcept { return times_; }  // after run()

private:
    struct Handler {
        wire::MessageType type;
        void (JobSession::*handle)(const wire::Message&);
    };
    static const std::span<const Handler> handlers;

    void begin();
    asio::awaitable<int> finish();
    asio::awaitable<void> read_messages();
    asio::awaitable<void> watch_daemon();
    asio::awaitable<void> stop_with_ranks();
    asio::awaitable<void> wind_up();
    asio::awaitable<void> limit_time();
    asio::awaitable<void> limit_start();
    asio::awaitable<void> end_late_job();
    asio::awaitable<void> ask_nodes(bool with_stacks, std::chrono::seconds limit);
    asio::awaitable<void> show_progress();
    void handle(const wire::Message& message);
    using Hear = void(const wire::Message& message);
    Hear on_progress, on_shown_plan, on_rank_bindings, on_accepted, on_refused, on_started,
        on_output, on_output_end, on_credit, on_input_closed, on_files_wanted, on_file_credit,
        on_rank_failed, on_failed, on_node_state, on_node_lost, on_notice, on_ended,
        on_output_dropped, on_beat, on_goodbye;

    void on_signal(int number);
    void on_end_signal(int number);
    void on_written(Written written);
    void on_output_failure(wire::StreamId stream, std::error_code error);
    void on_file_failure(const Error& error);
    void on_unsent_file(const Error& error);
    void end_job_unwritten();
    void leave_running();
    void detach(int number);
    std::string fate_without_daemon() const;
    void set_drained(wire::NodeIndex node);
    void lose_output(wire::NodeIndex node);
    void check_complete();
    void end_job(wire::EndMode mode, wire::FailureKind kind, int code, int exit_code);
    void decide(int exit_code);
    void on_task_failure(std::string_view task, std::exception_ptr failure);
    void lose_daemon(const std::string& how);
    void say_failure(const wire::Failure& failure);
    void say(const Lines& lines);
    void send_signal(int number);
    template <class Body>
    void send_to(wire::NodeIndex node, const Body& body) {
        link_.send(body, wire::Route{job_->id, node, wire::to_controller});
    }

    asio::any_io_executor loop_;
    wire::Link& link_;
    SessionOptions options_;
    Signals signals_;
    OutputWriter output_;
    JobInput input_;
    FileSender files_;
    BeatWatch beats_;
    Wakeup decided_;
    asio::steady_timer answers_due_;
    TaskGroup output_tasks_, tasks_;
    wire::Streams streams_;
    std::optional<AcceptedJob> job_;  // from JobAccepted on
    std::optional<wire::JobEnded> ended_;
    std::optional<int> exit_code_;    // decided; what remains is to write what has come
    int output_exit_code_ = 0;        // of a stream that could not be written
    int end_signals_ = 0;             // how often we were told to end
    std::vector<int> early_signals_;  // for the ranks, from before there was a job
    bool is_output_lost_ = false, failure_said_ = false;
    std::set<wire::NodeIndex> lost_said_;
    std::set<wire::NoticeKind> notices_said_;
    std::set<wire::Rank> without_module_;  // who said that a module of Python is missing
    std::string program_;                  // the first one
    PhaseTimes times_;
    ToldLife told_;
};

}  // namespace vrun::launcher
