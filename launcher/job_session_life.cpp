// SPDX-License-Identifier: Apache-2.0
// How long a session's job may take, and what is told of its life.
#include "launcher/job_session.hpp"
#include "wire/messages/state.hpp"
#include "wire/messages/tolerance.hpp"

#include <sys/ioctl.h>
#include <chrono>

namespace vrun::launcher {
namespace {

using std::chrono::seconds;
using wire::Message;
namespace exit_code = wire::exit_code;

constexpr seconds state_limit{5}, stacks_limit{30};  // for the nodes' answers
constexpr seconds overtime{10};                      // for a job to end that was told to
constexpr seconds progress_pause{1};
constexpr std::size_t failures_told_max = 8;  // of a job that goes on

constexpr auto as_values = asio::experimental::as_tuple(asio::use_awaitable);

// Columns of the terminal that `used` of them leave.
std::size_t room_beside(std::size_t used, int fd) {
    struct winsize size {};
    const bool is_known = ::ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
    const std::size_t columns = is_known ? size.ws_col : 80;
    return columns > used ? columns - used : 0;
}

void print_to(OutputWriter& output, const Lines& lines) {
    for (const std::string& line : lines)
        output.print(wire::StreamId::err, line);
}

}  // namespace

asio::awaitable<void> JobSession::limit_time() {
    asio::steady_timer timer{loop_, options_.life.timeout};
    co_await timer.async_wait(asio::use_awaitable);
    if (ended_ || exit_code_) co_return;
    say({"The user-provided time limit for job execution has been reached:",
         "  Timeout: " + std::to_string(options_.life.timeout.count()) + " seconds",
         "The job will now be aborted.  Please check your code and/or adjust/remove the job",
         "execution time limit (as specified by --timeout command line option or",
         "MPIEXEC_TIMEOUT environment variable)."});
    if (job_ && options_.life.tells_state) {
        co_await ask_nodes(/*with_stacks=*/false, state_limit);
        print_to(output_, told_.report.state_lines(job_->text, job_->accepted));
    }
    if (job_ && options_.life.tells_stacks) {
        output_.say("Waiting for stack traces (this may take a few moments)...");
        co_await ask_nodes(/*with_stacks=*/true, stacks_limit);
        print_to(output_, told_.report.stack_lines(job_->accepted));
    }
    co_await end_late_job();
}

asio::awaitable<void> JobSession::limit_start() {
    asio::steady_timer timer{loop_, options_.life.spawn_timeout};
    co_await timer.async_wait(asio::use_awaitable);
    if (times_.started || ended_ || exit_code_) co_return;
    const seconds limit = options_.life.spawn_timeout;
    output_.say("the job had not started after " + std::to_string(limit.count()) +
                " s (--spawn-timeout), and ends now: " + told_.progress.text(limit, 400));
    co_await end_late_job();
}

// Whatever keeps the job, or its output, from ending: at last we leave, and our going ends it.
asio::awaitable<void> JobSession::end_late_job() {
    if (!job_) co_return decide(exit_code::timed_out);
    failure_said_ = true;
    end_job(wire::EndMode::terminate, wire::FailureKind::timed_out, 0, exit_code::timed_out);
    asio::steady_timer timer{loop_, overtime};
    co_await timer.async_wait(asio::use_awaitable);
    output_tasks_.cancel();
    decide(exit_code::timed_out);
}

asio::awaitable<void> JobSession::ask_nodes(bool with_stacks, seconds limit) {
    told_.report.clear();
    for (wire::NodeIndex node = 0; node < job_->accepted.nodes.size(); ++node) {
        if (lost_said_.contains(node)) continue;
        told_.report.ask(node);
        send_to(node, wire::GetState{with_stacks});
    }
    answers_due_.expires_after(limit);
    if (!told_.report.is_complete()) co_await answers_due_.async_wait(as_values);
}

void JobSession::on_node_state(const Message& message) {
    told_.report.add(message.route.from, wire::body_of<wire::NodeState>(message));
    if (told_.report.is_complete()) answers_due_.cancel();
}

// Of many, the first few and how many they were.
void JobSession::on_rank_failed(const Message& message) {
    if (++told_.failures_borne > failures_told_max) return;
    Lines lines = failure_lines(wire::body_of<wire::RankFailed>(message).failure);
    if (!lines.empty()) lines.front() += "; the others go on";
    say(lines);
}

void JobSession::on_ended(const Message& message) {
    ended_ = wire::body_of<wire::JobEnded>(message);
    times_.root = ended_->times;
    say_failure(ended_->failure);
    if (told_.failures_borne > failures_told_max)
        output_.say(std::to_string(told_.failures_borne) + " ranks failed, and the job went on");
    for (const wire::NodeIndex node : ended_->lost)
        lose_output(node);
    check_complete();
}

// From the first second on, until all ranks run; whatever else is said takes the line's place.
asio::awaitable<void> JobSession::show_progress() {
    const auto begin = std::chrono::steady_clock::now();
    const std::size_t own_width = options_.program.size() + 2;  // "vrun: "
    asio::steady_timer timer{loop_};
    for (bool is_first = true; !times_.started && !ended_ && !exit_code_; is_first = false) {
        const auto since = std::chrono::steady_clock::now() - begin;
        if (!is_first || options_.life.shows_progress_at_once)
            output_.show_status(told_.progress.text(std::chrono::duration_cast<seconds>(since),
                                                    room_beside(own_width, options_.err_fd)));
        timer.expires_after(progress_pause);
        co_await timer.async_wait(asio::use_awaitable);
    }
}

void JobSession::on_progress(const Message& message) {
    if (message.type == wire::MessageType::start_progress)
        return told_.progress.started(wire::body_of<wire::StartProgress>(message).nodes);
    const std::string text = wire::body_of<wire::Progress>(message).text;
    if (options_.verbose && !options_.show_progress) say(escaped_lines(text));
    told_.progress.finding(text);
}

}  // namespace vrun::launcher
