// SPDX-License-Identifier: Apache-2.0
#include "launcher/job_verbs.hpp"

#include "launcher/daemon_connection.hpp"
#include "launcher/job_report.hpp"
#include "launcher/job_session.hpp"
#include "launcher/job_words.hpp"
#include "launcher/options/life_words.hpp"
#include "wire/base/timeout.hpp"
#include "wire/messages/answer.hpp"
#include "wire/messages/take.hpp"

#include <csignal>
#include <variant>

namespace vrun::launcher {
namespace {

constexpr std::chrono::milliseconds answer_limit{30'000};  // the daemon may have to look hosts up

// The daemon's answer, or why there is none.
template <class Answer>
using Answered = std::variant<Answer, Refusal>;

template <class Answer>
asio::awaitable<Answered<Answer>> answer_of(wire::Link& link) {
    Refusal refusal{wire::exit_code::daemon_lost, "the daemon is lost: it closed the connection"};
    while (const std::optional<wire::Message> message = co_await link.receive()) {
        if (message->type == Answer::type) co_return wire::body_of<Answer>(*message);
        if (message->type == wire::MessageType::job_refused) {
            auto refused = wire::body_of<wire::JobRefused>(*message);
            refusal = Refusal{refused.exit_code, std::move(refused.sentence)};
            co_return refusal;
        }
        if (message->type == wire::MessageType::goodbye) {
            refusal.sentence = wire::body_of<wire::Goodbye>(*message).reason;
            co_return refusal;
        }
    }
    co_return refusal;
}

asio::awaitable<int> hear_outcome(wire::Link& link, const Terminal& terminal, bool is_wanted) {
    const auto answer = co_await answer_of<wire::JobOutcome>(link);
    if (const auto* refusal = std::get_if<Refusal>(&answer))
        co_return terminal.complain(refusal->sentence, refusal->exit_code);
    if (!is_wanted) co_return 0;
    const auto& outcome = std::get<wire::JobOutcome>(answer);
    terminal.say(failure_lines(outcome.failure));
    co_return exit_code_of(outcome.exit_code);
}

}  // namespace

asio::awaitable<int> list_jobs(wire::Link& link, const Terminal& terminal, bool as_json) {
    link.send(wire::JobCommand{wire::JobVerb::list, "", 0});
    std::optional<Answered<wire::JobList>> answer;
    try {
        auto asking = answer_of<wire::JobList>(link);
        answer = co_await with_timeout(std::move(asking), answer_limit);
    } catch (const std::system_error& error) {
        co_return terminal.complain(std::string{"the daemon listed no jobs: "} + error.what(),
                                    wire::exit_code::daemon_lost);
    }
    if (const auto* refusal = std::get_if<Refusal>(&*answer))
        co_return terminal.complain(refusal->sentence, refusal->exit_code);
    const auto& list = std::get<wire::JobList>(*answer);
    for (const std::string& problem : list.problems)
        (void)terminal.complain(problem, 0);
    for (const std::string& silent : list.silent)
        (void)terminal.complain("not asked: " + silent, 0);
    co_return terminal.print(as_json ? job_json(list) : job_table(list));
}

asio::awaitable<int> attach_job(wire::Link& link, std::string id) {
    const auto loop = co_await asio::this_coro::executor;
    SessionOptions options;
    options.program = "vrunctl";
    options.bond = Bond::attached;
    options.life.signals.has_usual = false;  // to end: all that it does with signals
    JobSession session{loop, link, std::move(options)};
    wire::JobCommand command{wire::JobVerb::attach, std::move(id), 0};
    co_return co_await session.run(std::move(command));
}

asio::awaitable<int> await_job(wire::Link& link, const Terminal& terminal, std::string id) {
    link.send(wire::JobCommand{wire::JobVerb::wait, std::move(id), 0});
    co_return co_await hear_outcome(link, terminal, /*is_wanted=*/true);
}

asio::awaitable<int> kill_job(wire::Link& link, const Terminal& terminal, std::string id,
                              std::string signal) {
    const std::optional<int> number = signal_named(signal);
    if (!number)
        co_return terminal.complain("no such signal: " + signal + "; as in TERM, SIGUSR1, 9",
                                    wire::exit_code::usage);
    link.send(wire::JobCommand{wire::JobVerb::kill, std::move(id), *number});
    co_return co_await hear_outcome(link, terminal, /*is_wanted=*/false);
}

}  // namespace vrun::launcher
