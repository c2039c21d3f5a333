// SPDX-License-Identifier: Apache-2.0
#include "launcher/job_session.hpp"

#include "wire/base/escape.hpp"
#include "wire/base/timeout.hpp"
#include "wire/job_id.hpp"
#include "wire/job_map.hpp"
#include "wire/messages/answer.hpp"
#include "wire/messages/session.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace vrun::launcher {
namespace {

using wire::Message;
using wire::MessageType;
namespace exit_code = wire::exit_code;

constexpr std::chrono::milliseconds stop_limit{1'000};
constexpr std::chrono::milliseconds report_after_lease{2'000};  // by then the ranks are gone

std::string name_of(wire::StreamId stream) {
    return stream == wire::StreamId::out ? "standard output" : "standard error";
}

std::string what_of(std::exception_ptr failure) {
    try {
        std::rethrow_exception(failure);
    } catch (const std::exception& error) {
        return error.what();
    }
}

// The kernel keeps 8 bits of an exit code; a failure must not become 0.
int exit_code_of(std::int32_t code) {
    return code != 0 && (code & 0xff) == 0 ? 1 : code & 0xff;
}

bool is_of_a_job(MessageType type) {
    return wire::traits_of(type).routed;
}

}  // namespace

const std::span<const JobSession::Handler> JobSession::handlers = [] {
    using S = JobSession;
    static constexpr std::array rows{
        Handler{MessageType::output, &S::on_output},
        Handler{MessageType::credit, &S::on_credit},
        Handler{MessageType::beat, &S::on_beat},
        Handler{MessageType::progress, &S::on_progress},
        Handler{MessageType::job_accepted, &S::on_accepted},
        Handler{MessageType::job_refused, &S::on_refused},
        Handler{MessageType::job_started, &S::on_started},
        Handler{MessageType::input_closed, &S::on_input_closed},
        Handler{MessageType::job_failed, &S::on_failed},
        Handler{MessageType::node_lost, &S::on_node_lost},
        Handler{MessageType::output_end, &S::on_output_end},
        Handler{MessageType::job_ended, &S::on_ended},
        Handler{MessageType::goodbye, &S::on_goodbye},
    };
    return std::span<const Handler>{rows};
}();

JobSession::JobSession(asio::any_io_executor loop, wire::Link& link, SessionOptions options)
    : loop_{loop},
      link_{link},
      options_{std::move(options)},
      signals_{loop},
      output_{loop,
              options_.out_fd,
              options_.err_fd,
              {[this](Written written) { on_written(written); },
               [this](wire::StreamId stream, std::error_code e) { on_output_failure(stream, e); }}},
      input_{
          loop,
          options_.in_fd,
          {[this](wire::Bytes bytes) { send_to(job_->input_node, wire::Input{std::move(bytes)}); },
           [this](std::error_code error) { on_input_end(error); }}},
      beats_{loop, options_.silence_max},
      decided_{loop},
      output_tasks_{
          loop, [this](std::string_view task, std::exception_ptr e) { on_task_failure(task, e); }},
      tasks_{loop,
             [this](std::string_view task, std::exception_ptr e) { on_task_failure(task, e); }} {}

asio::awaitable<int> JobSession::run(wire::SubmitJob job, Lines notices) {
    output_.speak_as(options_.program);
    output_.start(output_tasks_);
    tasks_.spawn("read from the daemon", read_messages());
    tasks_.spawn("watch the daemon", watch_daemon());
    tasks_.spawn("signals", signals_.run([this](int number) { on_signal(number); }));
    for (const std::string& notice : notices)
        output_.say(escaped(notice));
    link_.send(job);
    while (!exit_code_)
        co_await decided_.wait();
    co_await wind_up();
    co_return *exit_code_ != 0 ? *exit_code_ : output_exit_code_;
}

// Signals still work: a reader that does not read must not keep vrun from being interrupted.
asio::awaitable<void> JobSession::wind_up() {
    input_.stop();
    output_.finish();
    co_await output_tasks_.join();
    if (ended_ && job_) link_.send(wire::JobClosed{}, wire::Route{job_->id});
    tasks_.cancel();
    co_await tasks_.join();
}

asio::awaitable<void> JobSession::read_messages() {
    while (const std::optional<Message> message = co_await link_.receive())
        handle(*message);
    lose_daemon("it closed the connection");
}

asio::awaitable<void> JobSession::watch_daemon() {
    co_await beats_.run();
    lose_daemon("it is silent; it may be stopped or its machine overloaded");
}

void JobSession::handle(const Message& message) {
    const auto found = std::ranges::find(handlers, message.type, &Handler::type);
    if (found == handlers.end() || exit_code_) return;
    const bool is_first = message.type == MessageType::job_accepted;
    const bool needs_job = is_of_a_job(message.type) && !is_first;
    if (needs_job && (!job_ || job_->id != message.route.job)) return;
    (this->*found->handle)(message);
}

void JobSession::on_progress(const Message& message) {
    if (!options_.show_progress && !options_.verbose) return;
    say(escaped_lines(wire::body_of<wire::Progress>(message).text));
}

void JobSession::on_accepted(const Message& message) {
    if (job_) return;
    Job job{message.route.job, wire::body_of<wire::JobAccepted>(message), {}, 0, 0};
    const wire::JobAccepted& accepted = job.accepted;
    constexpr std::size_t any_app = std::numeric_limits<std::uint32_t>::max();
    if (!wire::valid_runs(accepted.runs, accepted.nodes.size(), any_app))
        return lose_daemon("its map of the job is impossible");
    job.is_drained.resize(accepted.nodes.size());
    job.input_node = wire::run_of(accepted.runs, 0)->node;
    job_ = std::move(job);
    if (job_->accepted.lease_ms > 0)
        beats_.allow(std::chrono::milliseconds{job_->accepted.lease_ms} + report_after_lease);
    beats_.saw_beat();
    for (const std::string& notice : job_->accepted.notices)
        output_.say(escaped(notice));
    if (options_.verbose) say(map_lines(job_->id, job_->accepted));
    for (const int number : std::exchange(early_signals_, {}))
        send_signal(number);
    tasks_.spawn("read standard input", input_.run());
}

void JobSession::on_refused(const Message& message) {
    const auto refused = wire::body_of<wire::JobRefused>(message);
    say(escaped_lines(refused.sentence));
    decide(refused.exit_code == 0 ? exit_code::refused : refused.exit_code);
}

void JobSession::on_started(const Message&) {
    if (options_.verbose) output_.say("all ranks are started");
}

void JobSession::on_output(const Message& message) {
    auto output = wire::body_of<wire::Output>(message);
    output_.write(message.route.from, output.stream, std::move(output.bytes));
}

void JobSession::on_output_end(const Message& message) {
    set_drained(message.route.from);
}

void JobSession::on_credit(const Message& message) {
    const auto credit = wire::body_of<wire::Credit>(message);
    if (credit.stream == wire::StreamId::in) input_.add_credit(credit.bytes);
}

void JobSession::on_input_closed(const Message&) {
    input_.stop();
}

void JobSession::on_failed(const Message& message) {
    say_failure(wire::body_of<wire::JobFailed>(message).failure);
}

void JobSession::on_node_lost(const Message& message) {
    const auto lost = wire::body_of<wire::NodeLost>(message);
    if (lost_said_.insert(lost.node).second)
        output_.say(node_lost_line(lost, job_->id, job_->accepted));
    set_drained(lost.node);
}

void JobSession::on_ended(const Message& message) {
    ended_ = wire::body_of<wire::JobEnded>(message);
    say_failure(ended_->failure);
    for (const wire::NodeIndex node : ended_->lost)
        set_drained(node);
    check_complete();
}

void JobSession::on_beat(const Message&) {
    beats_.saw_beat();
}

void JobSession::on_goodbye(const Message& message) {
    const auto goodbye = wire::body_of<wire::Goodbye>(message);
    if (goodbye.reason.empty()) return;  // the end of the connection follows
    say(escaped_lines(goodbye.reason));
    decide(goodbye.exit_code == 0 ? exit_code::daemon_lost : goodbye.exit_code);
}

void JobSession::on_signal(int number) {
    switch (action_of(number)) {
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

void JobSession::on_written(Written written) {
    send_to(written.node, wire::Credit{written.stream, written.bytes});
}

void JobSession::on_output_failure(wire::StreamId stream, std::error_code error) {
    if (output_exit_code_ != 0) return;
    const bool reader_gone = error == std::errc::broken_pipe;
    output_exit_code_ = reader_gone ? exit_code::reader_gone : exit_code::output_failed;
    if (!reader_gone) output_.say("writing " + name_of(stream) + ": " + error.message());
    failure_said_ = true;
    end_job(wire::EndMode::kill, wire::FailureKind::client_gone, 0, output_exit_code_);
}

void JobSession::on_input_end(std::error_code error) {
    if (error) output_.say("reading standard input: " + error.message());
    send_to(job_->input_node, wire::InputEnd{});
}

void JobSession::set_drained(wire::NodeIndex node) {
    if (node >= job_->is_drained.size() || job_->is_drained[node]) return;
    job_->is_drained[node] = true;
    ++job_->drained;
    check_complete();
}

void JobSession::check_complete() {
    if (ended_ && job_->drained == job_->is_drained.size()) decide(exit_code_of(ended_->exit_code));
}

void JobSession::end_job(wire::EndMode mode, wire::FailureKind kind, int code, int exit_code) {
    wire::EndJob order{mode, wire::end_grace_ms, {}};
    order.cause.kind = kind;
    order.cause.code = code;
    order.cause.exit_code = exit_code;
    send_to(0, order);
}

void JobSession::decide(int exit_code) {
    if (!exit_code_) exit_code_ = exit_code;
    decided_.notify();
}

void JobSession::on_task_failure(std::string_view task, std::exception_ptr failure) {
    lose_daemon("cannot " + std::string{task} + ": " + what_of(failure));
}

void JobSession::lose_daemon(const std::string& how) {
    link_.close();
    if (exit_code_) return;
    const std::string job = job_ ? "job " + wire::id_text(job_->id) : "the job";
    output_.say("the daemon is lost: " + escaped(how));
    output_.say(job + " ends with it: its ranks are killed where they run");
    decide(exit_code::daemon_lost);
}

void JobSession::say_failure(const wire::Failure& failure) {
    if (failure.kind == wire::FailureKind::none || std::exchange(failure_said_, true)) return;
    if (failure.kind == wire::FailureKind::cancelled && end_signals_ > 0) return;  // they know
    if (failure.kind == wire::FailureKind::node_lost && !lost_said_.insert(failure.node).second)
        return;
    say(failure_lines(failure));
}

void JobSession::say(const Lines& lines) {
    for (const std::string& line : lines)
        output_.say(line);
}

void JobSession::send_signal(int number) {
    if (job_)
        send_to(0, wire::Signal{number});
    else
        early_signals_.push_back(number);
}

template <class Body>
void JobSession::send_to(wire::NodeIndex node, const Body& body) {
    link_.send(body, wire::Route{job_->id, node, wire::to_controller});
}

}  // namespace vrun::launcher
