// SPDX-License-Identifier: Apache-2.0
// vrunctl: everything about a cluster that is not "run this".
// Each verb is a function that returns the exit code; CLI11 chooses it.
#include "launcher/daemon_connection.hpp"
#include "launcher/diagnosis.hpp"
#include "launcher/host_report.hpp"
#include "launcher/job_verbs.hpp"
#include "launcher/terminal.hpp"
#include "wire/base/escape.hpp"
#include "wire/base/timeout.hpp"
#include "wire/hello.hpp"
#include "wire/messages/end.hpp"
#include "wire/messages/health.hpp"
#include "wire/messages/hosts.hpp"
#include "wire/tls/cluster_key.hpp"

#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <CLI/CLI.hpp>
#include <cstdio>
#include <functional>

namespace {

using namespace vrun;
using namespace vrun::launcher;

constexpr std::chrono::milliseconds answer_limit{30'000};  // the daemon may have to look hosts up

constexpr std::chrono::milliseconds examination_limit{60'000};  // one that is silent takes 15 s
constexpr int something_found = 1;                              // by doctor

struct Request {
    HostFormat format = HostFormat::table;
    bool watch = false;
    bool as_json = false;
    std::string job;
    std::string signal = "TERM";
    std::optional<std::string> socket;
};

const Terminal terminal{"vrunctl"};

int keygen() {
    return terminal.print(wire::new_key_line() + "\n");
}

template <class Answer>
asio::awaitable<Answer> next(wire::Link& link) {
    while (const std::optional<wire::Message> message = co_await link.receive()) {
        if (message->type == Answer::type) co_return wire::body_of<Answer>(*message);
        if (message->type == wire::MessageType::goodbye)
            throw std::runtime_error{wire::body_of<wire::Goodbye>(*message).reason};
    }
    throw std::runtime_error{"it closed the connection"};
}

int print_hosts(const wire::HostList& list, HostFormat format) {
    for (const std::string& problem : list.problems)
        (void)terminal.complain(problem, 0);
    return terminal.print(host_report(list, format));
}

// Once; or a list whenever it changes, with an empty line behind, until somebody interrupts.
asio::awaitable<int> show_hosts(wire::Link& link, const Request& request) {
    link.send(wire::ListHosts{request.watch});
    try {
        const auto list = co_await with_timeout(next<wire::HostList>(link), answer_limit);
        int exit_code = print_hosts(list, request.format);
        while (request.watch && exit_code == 0) {
            const auto changed = co_await next<wire::HostList>(link);
            exit_code = terminal.print("\n");
            if (exit_code == 0) exit_code = print_hosts(changed, request.format);
        }
        co_return exit_code;
    } catch (const std::exception& error) {
        co_return terminal.complain(
            std::string{"the daemon gave no list of hosts: "} + error.what(),
            wire::exit_code::daemon_lost);
    }
}

asio::awaitable<int> show_diagnosis(wire::Link& link, bool as_json) {
    wire::Examination examination;
    link.send(wire::ExamineHosts{});
    try {
        auto asking = next<wire::Examination>(link);
        examination = co_await with_timeout(std::move(asking), examination_limit);
    } catch (const std::exception& error) {
        co_return terminal.complain(std::string{"the daemon examined no hosts: "} + error.what(),
                                    wire::exit_code::daemon_lost);
    }
    const std::vector<Finding> findings = findings_of(examination);
    const int failed = terminal.print(as_json ? diagnosis_json(examination, findings)
                                              : diagnosis_text(examination, findings));
    if (failed != 0) co_return failed;
    co_return findings.empty() ? 0 : something_found;
}

using Conversation = std::function<asio::awaitable<int>(wire::Link&)>;

asio::awaitable<int> converse(UniqueFd socket, const Conversation& talk) {
    const auto loop = co_await asio::this_coro::executor;
    DaemonConnection daemon{loop, std::move(socket)};
    const std::optional<Refusal> refusal = co_await daemon.greet(wire::Role::control);
    int exit_code = 0;
    if (refusal)
        exit_code = terminal.complain(refusal->sentence, refusal->exit_code);
    else
        exit_code = co_await talk(daemon.link());
    co_await daemon.leave();
    co_return exit_code;
}

int talk_to_daemon(const std::optional<std::string>& socket, const Conversation& talk) {
    Result<std::optional<UniqueFd>> found = find_daemon(socket);
    if (!found) return terminal.complain(found.error().message(), wire::exit_code::daemon_lost);
    if (!*found)
        return terminal.complain(
            "no daemon answers at " + searched_sockets() +
                "\nstart one with 'vrund &', or name its socket with --socket PATH",
            wire::exit_code::daemon_lost);
    asio::io_context loop{1};
    int exit_code = wire::exit_code::daemon_lost;
    asio::co_spawn(loop, converse(std::move(**found), talk),
                   [&](std::exception_ptr failure, int code) {
                       if (failure) std::rethrow_exception(failure);
                       exit_code = code;
                   });
    loop.run();
    return exit_code;
}

int hosts(const Request& request) {
    return talk_to_daemon(request.socket,
                          [&](wire::Link& link) { return show_hosts(link, request); });
}

// The greeting is the answer: nothing is asked that would make the daemon look hosts up.
asio::awaitable<int> only_greet(wire::Link&) {
    co_return 0;
}

int ping(const Request& request) {
    return talk_to_daemon(request.socket, only_greet);
}

int doctor(const Request& request) {
    return talk_to_daemon(request.socket,
                          [&](wire::Link& link) { return show_diagnosis(link, request.as_json); });
}

// A job's id, as far as it is written: 13 letters and digits.
void take_job(CLI::App& verb, Request& request) {
    verb.add_option("ID", request.job, "the job; how its id begins is enough")->required();
}

std::vector<CLI::App*> add_job_verbs(CLI::App& app, Request& request) {
    CLI::App* const jobs = app.add_subcommand("jobs", "list your jobs (root: all), on every host");
    CLI::App* const attach =
        app.add_subcommand("attach", "show a detached job's output, and return its exit code");
    CLI::App* const wait =
        app.add_subcommand("wait", "wait for a job's end, and return its exit code");
    CLI::App* const kill = app.add_subcommand("kill", "end a job");
    jobs->add_flag("--json", request.as_json, "print JSON");
    for (CLI::App* const verb : {attach, wait, kill})
        take_job(*verb, request);
    kill->add_option("-s,--signal", request.signal,
                     "TERM: KILL follows 5 s later; KILL: at once; others are passed to the ranks")
        ->option_text("SIGNAL");
    return {jobs, attach, wait, kill};
}

asio::awaitable<int> talk_of_job(wire::Link& link, const std::string& verb,
                                 const Request& request) {
    if (verb == "jobs") return list_jobs(link, terminal, request.as_json);
    if (verb == "attach") return attach_job(link, request.job);
    if (verb == "wait") return await_job(link, terminal, request.job);
    return kill_job(link, terminal, request.job, request.signal);
}

int run(int argc, char** argv) {
    CLI::App app{"Looks after a cluster of vrun daemons.", "vrunctl"};
    app.set_version_flag("-V,--version", wire::software_version());
    app.require_subcommand(1);
    CLI::App* const keygen_verb =
        app.add_subcommand("keygen", "print a new cluster key, one line of a key file");
    CLI::App* const hosts_verb =
        app.add_subcommand("hosts", "list the hosts that the daemon knows");
    CLI::App* const doctor_verb =
        app.add_subcommand("doctor", "examine every host, and say what to mend");
    CLI::App* const ping_verb = app.add_subcommand(
        "ping", "does the daemon answer? (for health checks: it asks no other host)");
    Request request;
    std::string format = "table";
    hosts_verb->add_option("--format", format, "table, plain, openmpi, mpich or json")
        ->check(CLI::IsMember{&host_formats()})
        ->option_text("FORMAT");
    bool hosts_as_json = false;
    hosts_verb->add_flag("--json", hosts_as_json, "the same as --format json");
    hosts_verb->add_flag("--watch", request.watch, "list them again whenever they change");
    doctor_verb->add_flag("--json", request.as_json, "print JSON");
    const std::vector<CLI::App*> job_verbs = add_job_verbs(app, request);
    std::vector<CLI::App*> asking = job_verbs;
    asking.insert(asking.end(), {hosts_verb, doctor_verb, ping_verb});
    for (CLI::App* const verb : asking)
        verb->add_option("--socket", request.socket, "ask the daemon at this socket")
            ->option_text("PATH");
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        if (error.get_exit_code() == 0) return app.exit(error);
        return terminal.complain(
            std::string{error.what()} + "\n'vrunctl --help' shows what it can do",
            wire::exit_code::usage);
    }
    request.format = hosts_as_json ? HostFormat::json : host_formats().at(format);
    if (keygen_verb->parsed()) return keygen();
    if (hosts_verb->parsed()) return hosts(request);
    if (doctor_verb->parsed()) return doctor(request);
    if (ping_verb->parsed()) return ping(request);
    for (const CLI::App* const verb : job_verbs)
        if (verb->parsed())
            return talk_to_daemon(request.socket, [&](wire::Link& link) {
                return talk_of_job(link, verb->get_name(), request);
            });
    return wire::exit_code::usage;
}

}  // namespace

int main(int argc, char** argv) {
    try {
        return run(argc, argv);
    } catch (const std::exception& error) {
        return terminal.complain(error.what(), wire::exit_code::daemon_lost);
    }
}
