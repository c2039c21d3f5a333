// SPDX-License-Identifier: Apache-2.0
#include "launcher/shell_session.hpp"

#include "launcher/job_words.hpp"
#include "wire/base/escape.hpp"
#include "wire/messages/answer.hpp"
#include "wire/messages/session.hpp"

#include <csignal>

namespace vrun::launcher {
namespace {

using wire::FailureKind;
using wire::MessageType;

constexpr std::chrono::milliseconds report_after_lease{2'000};

std::vector<SignalRow> signals_heard() {
    return {{SIGINT, SignalAction::end},
            {SIGTERM, SignalAction::end},
            {SIGHUP, SignalAction::end},
            {SIGCONT, SignalAction::resume}};
}

std::string what_of(std::exception_ptr failure) {
    try {
        std::rethrow_exception(failure);
    } catch (const std::exception& error) {
        return error.what();
    }
}

int exit_code_of(const wire::RankExited& exited) {
    return exited.signaled ? 128 + exited.code : exited.code;
}

// How the command ended, or that it was told to; all else is ours or the cluster's failure.
bool is_of_command(FailureKind kind) {
    return kind == FailureKind::none || kind == FailureKind::exited ||
           kind == FailureKind::signaled || kind == FailureKind::cancelled;
}

}  // namespace

ShellSession::ShellSession(asio::any_io_executor loop, wire::Link& link, Descriptors descriptors)
    : loop_{loop},
      link_{link},
      signals_{loop, signals_heard()},
      beats_{loop, daemon_silence_max},
      changed_{loop},
      stream_tasks_{loop, [this](std::string_view,
                                 std::exception_ptr failure) { lose_daemon(what_of(failure)); }},
      tasks_{loop, [this](std::string_view,
                          std::exception_ptr failure) { lose_daemon(what_of(failure)); }},
      streams_{make_streams(descriptors)} {}

std::unique_ptr<ShellSession::Streams> ShellSession::make_streams(Descriptors descriptors) {
    const auto to_node = [this](const auto& body, wire::NodeIndex node) {
        link_.send(body, wire::Route{*job_, node, wire::to_controller});
    };
    OutputEvents output;
    output.on_written = [to_node](Written written) {
        to_node(wire::Credit{written.stream, written.bytes}, written.node);
    };
    output.on_failure = [this](wire::StreamId stream, std::error_code error) {
        on_write_failure(stream, error);
    };
    JobInput::Events input;
    input.on_input = [to_node](wire::NodeIndex node, const wire::Input& bytes) {
        to_node(bytes, node);
    };
    input.on_end = [to_node](wire::NodeIndex node) { to_node(wire::InputEnd{}, node); };
    input.on_read_failed = [this](std::error_code error) {
        say("reading standard input: " + error.message());
    };
    return std::unique_ptr<Streams>{
        new Streams{{loop_, descriptors.out, descriptors.err, OutputPlan{}, std::move(output)},
                    {loop_, descriptors.in, std::move(input)}}};
}

asio::awaitable<ShellSession::End> ShellSession::run(wire::SubmitJob job) {
    streams_->output.speak_as("vrsh");
    streams_->output.start(stream_tasks_);
    tasks_.spawn("read from the daemon", read_messages());
    tasks_.spawn("watch the daemon", watch_daemon());
    tasks_.spawn("signals", signals_.run([this](int number) { on_signal(number); }));
    link_.send(job);
    while (!end_)
        co_await changed_.wait();
    co_await close_streams();
    co_return *end_;
}

// Signals still work: a reader that does not read must not keep us from being interrupted.
asio::awaitable<void> ShellSession::close_streams() {
    streams_->input.stop();
    streams_->output.finish();
    co_await stream_tasks_.join();
    streams_.reset();
}

asio::awaitable<void> ShellSession::outlive() {
    while (end_->lives_on && !ended_ && !link_.is_closed())
        co_await changed_.wait();
    if (ended_) link_.send(wire::JobClosed{}, wire::Route{*job_});
    tasks_.cancel();
    co_await tasks_.join();
}

asio::awaitable<void> ShellSession::read_messages() {
    while (const std::optional<wire::Message> message = co_await link_.receive())
        handle(*message);
    lose_daemon("it closed the connection");
}

asio::awaitable<void> ShellSession::watch_daemon() {
    co_await beats_.run();
    lose_daemon("it is silent; it may be stopped or its machine overloaded");
}

void ShellSession::handle(const wire::Message& message) {
    switch (message.type) {
    case MessageType::beat:
        return beats_.saw_beat();
    case MessageType::job_accepted:
        return on_accepted(message);
    case MessageType::job_refused:
        say(wire::body_of<wire::JobRefused>(message).sentence);
        return decide({});
    case MessageType::goodbye: {
        const auto goodbye = wire::body_of<wire::Goodbye>(message);
        if (!goodbye.reason.empty()) lose_daemon(goodbye.reason);
        return;
    }
    default:
        if (job_ && message.route.job == *job_) handle_stream(message);
    }
}

void ShellSession::handle_stream(const wire::Message& message) {
    const wire::NodeIndex from = message.route.from;
    if (message.type == MessageType::output && streams_) {
        auto output = wire::body_of<wire::Output>(message);
        OutputSource source;
        source.stream = output.stream;
        streams_->output.write(from, source, std::move(output.bytes));
    } else if (message.type == MessageType::credit && streams_) {
        const auto credit = wire::body_of<wire::Credit>(message);
        if (credit.stream == wire::StreamId::in) streams_->input.add_credit(from, credit.bytes);
    } else if (message.type == MessageType::input_closed && streams_) {
        streams_->input.leave_out(from);
    } else if (message.type == MessageType::output_end) {
        is_drained_ = true;
    } else if (message.type == MessageType::rank_exited) {
        left_ = wire::body_of<wire::RankExited>(message);
    } else if (message.type == MessageType::node_lost) {
        on_lost(wire::body_of<wire::NodeLost>(message));
    } else if (message.type == MessageType::job_ended) {
        ended_ = wire::body_of<wire::JobEnded>(message);
        if (!ended_->lost.empty()) is_drained_ = true;
    }
    check_over();
}

void ShellSession::on_accepted(const wire::Message& message) {
    const auto accepted = wire::body_of<wire::JobAccepted>(message);
    job_ = message.route.job;
    if (accepted.lease_ms > 0)
        beats_.allow(std::chrono::milliseconds{accepted.lease_ms} + report_after_lease);
    beats_.saw_beat();
    streams_->input.choose_readers(wire::Streams{}, accepted);
    stream_tasks_.spawn("read standard input", streams_->input.run());
}

void ShellSession::on_lost(const wire::NodeLost& lost) {
    if (!std::exchange(is_lost_, true)) say(lost.name + " is lost: " + lost.reason);
    is_drained_ = true;
}

void ShellSession::check_over() {
    changed_.notify();
    if (end_ || !is_drained_) return;
    const bool may_leave = left_ && end_signals_ == 0;  // else all of it is to end first
    if (!ended_ && may_leave) return decide({exit_code_of(*left_), /*lives_on=*/true});
    if (!ended_) return;
    const wire::Failure& failure = ended_->failure;
    if (is_of_command(failure.kind)) return decide({ended_->exit_code & 0xff});
    if (!is_lost_) say(failure.node_name + ": " + failure.text);
    decide({});
}

// First with grace, then at once; the third leaves without waiting for anything. Our end is the
// command's in any case.
void ShellSession::on_signal(int number) {
    if (signals_.action_of(number) == SignalAction::resume) {
        if (streams_) streams_->input.look_again();
        return;
    }
    ++end_signals_;
    if (!job_ || end_signals_ > 2) {
        stream_tasks_.cancel();
        link_.close();
        return decide({128 + number});
    }
    end_job(end_signals_ == 2 ? wire::EndMode::kill : wire::EndMode::terminate,
            FailureKind::cancelled, 128 + number);
}

// The command would see SIGPIPE if it wrote here itself.
void ShellSession::on_write_failure(wire::StreamId stream, std::error_code error) {
    const std::string name = stream == wire::StreamId::out ? "output" : "error";
    if (error != std::errc::broken_pipe) say("writing standard " + name + ": " + error.message());
    end_job(wire::EndMode::kill, FailureKind::cancelled, vrsh_failed);
}

void ShellSession::end_job(wire::EndMode mode, FailureKind kind, int exit_code) {
    wire::EndJob order{mode, wire::end_grace_ms, {}};
    order.cause.kind = kind;
    order.cause.exit_code = exit_code;
    link_.send(order, wire::Route{*job_, 0, wire::to_controller});
}

void ShellSession::decide(End end) {
    if (!end_) end_ = end;
    changed_.notify();
}

void ShellSession::lose_daemon(const std::string& how) {
    link_.close();
    if (!end_) say("the daemon is lost: " + how);
    decide({});
}

void ShellSession::say(const std::string& text) {
    if (!streams_) return;
    for (const std::string& line : escaped_lines(text))
        streams_->output.say(line);
}

}  // namespace vrun::launcher
