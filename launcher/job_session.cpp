// SPDX-License-Identifier: Apache-2.0
#include "launcher/job_session.hpp"

#include "launcher/publish.hpp"
#include "wire/base/escape.hpp"
#include "wire/contact_uri.hpp"
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
        Handler{MessageType::start_progress, &S::on_progress},
        Handler{MessageType::job_started, &S::on_started},
        Handler{MessageType::input_closed, &S::on_input_closed},
        Handler{MessageType::files_wanted, &S::on_files_wanted},
        Handler{MessageType::file_credit, &S::on_file_credit},
        Handler{MessageType::rank_failed, &S::on_rank_failed},
        Handler{MessageType::job_failed, &S::on_failed},
        Handler{MessageType::node_state, &S::on_node_state},
        Handler{MessageType::node_lost, &S::on_node_lost},
        Handler{MessageType::node_notice, &S::on_notice},
        Handler{MessageType::shown_plan, &S::on_shown_plan},
        Handler{MessageType::rank_bindings, &S::on_rank_bindings},
        Handler{MessageType::output_end, &S::on_output_end},
        Handler{MessageType::job_ended, &S::on_ended},
        Handler{MessageType::output_dropped, &S::on_output_dropped},
        Handler{MessageType::goodbye, &S::on_goodbye},
    };
    return std::span<const Handler>{rows};
}();

JobSession::JobSession(asio::any_io_executor loop, wire::Link& link, SessionOptions options)
    : loop_{loop},
      link_{link},
      options_{std::move(options)},
      signals_{loop, signal_rows(options_.life.signals)},
      output_{loop,
              options_.out_fd,
              options_.err_fd,
              options_.output,
              {[this](Written written) { on_written(written); },
               [this](wire::StreamId stream, std::error_code e) { on_output_failure(stream, e); },
               [this](const Error& error) { on_file_failure(error); }}},
      input_{
          loop,
          options_.in_fd,
          {[this](wire::NodeIndex node, const wire::Input& input) { send_to(node, input); },
           [this](wire::NodeIndex node) { send_to(node, wire::InputEnd{}); },
           [this](std::error_code e) { output_.say("reading standard input: " + e.message()); }}},
      files_{options_.sources,
             {[this](const wire::FileData& data) { send_to(0, data); },
              [this](const Error& error) { on_unsent_file(error); }}},
      beats_{loop, options_.silence_max},
      decided_{loop},
      answers_due_{loop},
      output_tasks_{
          loop, [this](std::string_view task, std::exception_ptr e) { on_task_failure(task, e); }},
      tasks_{loop,
             [this](std::string_view task, std::exception_ptr e) { on_task_failure(task, e); }} {}

void JobSession::begin() {
    times_.begun = options_.begun;
    times_.connected = PhaseTimes::Clock::now();
    output_.speak_as(options_.program);
    output_.start(output_tasks_);
    tasks_.spawn("read from the daemon", read_messages());
    tasks_.spawn("watch the daemon", watch_daemon());
    tasks_.spawn("signals", signals_.run([this](int number) { on_signal(number); }));
}

asio::awaitable<int> JobSession::run(wire::SubmitJob job, Lines notices) {
    begin();
    for (const std::string& notice : notices)
        output_.say(escaped(notice));
    streams_ = job.streams;
    if (!job.apps.empty() && !job.apps[0].argv.empty()) program_ = job.apps[0].argv[0];
    files_.describe(job.files);
    link_.send(job);
    const LifeSettings& life = options_.life;
    if (life.timeout.count() > 0) tasks_.spawn("time limit", limit_time());
    if (life.spawn_timeout.count() > 0) tasks_.spawn("limit of the start", limit_start());
    if (options_.show_progress) tasks_.spawn("progress", show_progress());
    co_return co_await finish();
}

asio::awaitable<int> JobSession::finish() {
    while (!exit_code_)
        co_await decided_.wait();
    co_await wind_up();
    co_return *exit_code_ != 0 ? *exit_code_ : output_exit_code_;
}

// Signals still work: a reader that does not read must not keep vrun from being interrupted.
asio::awaitable<void> JobSession::wind_up() {
    input_.stop();
    output_.clear_status();
    output_.finish();
    co_await output_tasks_.join();
    times_.ended = PhaseTimes::Clock::now();
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

void JobSession::on_accepted(const Message& message) {
    if (job_) return;
    times_.accepted = PhaseTimes::Clock::now();
    auto accepted = wire::body_of<wire::JobAccepted>(message);
    constexpr std::size_t any_app = std::numeric_limits<std::uint32_t>::max();
    if (!wire::valid_runs(accepted.runs, accepted.nodes.size(), any_app))
        return lose_daemon("its map of the job is impossible");
    input_.choose_readers(streams_, accepted);
    job_ = AcceptedJob{.id = message.route.job,
                       .accepted = std::move(accepted),
                       .is_drained = {},
                       .text = wire::id_text(message.route.job)};
    job_->is_drained.resize(job_->accepted.nodes.size());
    job_->ranks = wire::rank_count(job_->accepted.runs);
    if (job_->accepted.lease_ms > 0)
        beats_.allow(std::chrono::milliseconds{job_->accepted.lease_ms} + report_after_lease);
    beats_.saw_beat();
    for (const std::string& notice : job_->accepted.notices)
        output_.say(escaped(notice));
    if (options_.verbose) say(map_lines(job_->id, job_->accepted));
    told_.progress.launching(job_->ranks, job_->accepted.nodes.size());
    if (!options_.life.uri_to.empty()) {
        const std::string uri = wire::contact_uri(job_->id, job_->accepted.nodes, 0);
        if (const auto error = publish(output_, options_.life.uri_to, uri)) on_file_failure(*error);
    }
    for (const int number : std::exchange(early_signals_, {}))
        send_signal(number);
    if (input_.has_readers()) tasks_.spawn("read standard input", input_.run());
}

void JobSession::on_refused(const Message& message) {
    const auto refused = wire::body_of<wire::JobRefused>(message);
    say(escaped_lines(refused.sentence));
    decide(refused.exit_code == 0 ? exit_code::refused : refused.exit_code);
}

void JobSession::on_started(const Message&) {
    if (!times_.started) times_.started = PhaseTimes::Clock::now();
    output_.clear_status();
    if (options_.verbose) output_.say("all ranks are started");
    if (options_.bond == Bond::detaching) leave_running();
}

void JobSession::on_output(const Message& message) {
    auto output = wire::body_of<wire::Output>(message);
    const std::vector<wire::JobNode>& nodes = job_->accepted.nodes;
    const wire::NodeIndex node = message.route.from;
    OutputSource source;
    source.rank = output.rank;
    source.ranks = job_->ranks;
    if (node < nodes.size()) source.host = nodes[node].name;
    source.job = job_->text;
    source.stream = output.stream;
    if (output.stream == wire::StreamId::err && lacks_python_module(output.bytes))
        without_module_.insert(output.rank);
    output_.write(node, source, std::move(output.bytes));
}

void JobSession::on_output_end(const Message& message) {
    set_drained(message.route.from);
}

void JobSession::on_credit(const Message& message) {
    const auto credit = wire::body_of<wire::Credit>(message);
    if (credit.stream == wire::StreamId::in) input_.add_credit(message.route.from, credit.bytes);
}

void JobSession::on_input_closed(const Message& message) {
    input_.leave_out(message.route.from);
}

void JobSession::on_failed(const Message& message) {
    say_failure(wire::body_of<wire::JobFailed>(message).failure);
}

void JobSession::on_node_lost(const Message& message) {
    const auto lost = wire::body_of<wire::NodeLost>(message);
    if (lost_said_.insert(lost.node).second)
        output_.say(node_lost_line(lost, job_->id, job_->accepted));
    input_.leave_out(lost.node);
    lose_output(lost.node);
}

// Nodes are often alike: the first of each kind stands for all.
void JobSession::on_notice(const Message& message) {
    const auto notice = wire::body_of<wire::NodeNotice>(message);
    const std::vector<wire::JobNode>& nodes = job_->accepted.nodes;
    const bool is_wanted = options_.verbose || !(options_.quiet || wire::is_mended(notice.kind));
    if (!is_wanted || message.route.from >= nodes.size()) return;
    if (!notices_said_.insert(notice.kind).second) return;
    output_.say("node " + escaped(nodes[message.route.from].name) + ": " +
                escaped(notice.sentence));
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

void JobSession::on_written(Written written) {
    send_to(written.node, wire::Credit{written.stream, written.bytes});
}

void JobSession::on_output_failure(wire::StreamId stream, std::error_code error) {
    if (output_exit_code_ != 0) return;
    const bool reader_gone = error == std::errc::broken_pipe;
    output_exit_code_ = reader_gone ? exit_code::reader_gone : exit_code::output_failed;
    if (!reader_gone) output_.say("writing " + name_of(stream) + ": " + error.message());
    end_job_unwritten();
}

void JobSession::on_file_failure(const Error& error) {
    output_.say(escaped(error.message()));
    if (std::exchange(output_exit_code_, exit_code::output_failed) == 0) end_job_unwritten();
}

// Nobody would see what else the job says; unless somebody attaches again.
void JobSession::end_job_unwritten() {
    if (options_.bond == Bond::attached) return decide(output_exit_code_);
    failure_said_ = true;
    end_job(wire::EndMode::kill, wire::FailureKind::client_gone, 0, output_exit_code_);
}

void JobSession::set_drained(wire::NodeIndex node) {
    if (node >= job_->is_drained.size() || job_->is_drained[node]) return;
    job_->is_drained[node] = true;
    ++job_->drained;
    check_complete();
}

// A node that is lost after its ranks ended well may have taken output with it.
void JobSession::lose_output(wire::NodeIndex node) {
    if (node < job_->is_drained.size() && !job_->is_drained[node]) is_output_lost_ = true;
    set_drained(node);
}

void JobSession::check_complete() {
    const bool is_complete =
        options_.bond == Bond::detaching || job_->drained == job_->is_drained.size();
    if (!ended_ || !is_complete) return;
    const int code = exit_code_of(ended_->exit_code);
    const wire::Failure& failure = ended_->failure;  // its output may have come after it
    if (failure.has_rank && without_module_.contains(failure.rank))
        output_.say(missing_module_line(failure, program_));
    decide(code == 0 && is_output_lost_ ? exit_code::node_lost : code);
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

}  // namespace vrun::launcher
