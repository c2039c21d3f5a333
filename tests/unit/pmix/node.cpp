// SPDX-License-Identifier: Apache-2.0
// tests/unit/pmix/node: one node of a job, as small as can be, in a process of its own.
//   pmix_test_node NODE NODES RANKS_PER_NODE DIRECTORY LINK_FD PROGRAM ARGUMENT…
// It serves PMIx to its ranks and speaks with the other node (LINK_FD, if there are two) as
// shepherds do. What happens is told on stdout, a line each, beside what the ranks print.
#include "pmix/fence_table.hpp"
#include "pmix/server.hpp"
#include "tests/support/loop.hpp"
#include "wire/base/task_group.hpp"
#include "wire/job_id.hpp"
#include "wire/job_map.hpp"
#include "wire/link.hpp"
#include "wire/messages/session.hpp"
#include "wire/tree.hpp"

#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <asio/post.hpp>
#include <asio/signal_set.hpp>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>

namespace vrun::pmix {
namespace {

struct Arguments {
    NodeIndex node;
    NodeIndex nodes;
    std::uint32_t ranks_per_node;
    std::string directory;
    int link_fd;
    char** program;
};

// Ranks go around the nodes; with more than one rank to a node the last run is another app.
wire::LaunchJob launch_of(const Arguments& arguments) {
    wire::LaunchJob launch;
    launch.job = 4711;
    for (NodeIndex node = 0; node < arguments.nodes; ++node) {
        wire::JobNode entry;
        entry.name = "node" + std::to_string(node);
        entry.slots = arguments.ranks_per_node;
        launch.nodes.push_back(entry);
    }
    const Rank ranks = arguments.nodes * arguments.ranks_per_node;
    for (Rank rank = 0; rank < ranks; ++rank)
        launch.runs.push_back(
            {rank % arguments.nodes, rank, 1, rank + 1 == ranks && rank > 1 ? 1u : 0u});
    launch.apps.resize(launch.runs.back().app + 1);
    for (wire::App& app : launch.apps)
        app.workdir = "/";
    return launch;
}

template <class... Words>
void say(const char* format, Words... words) {
    char line[512];
    const int size = std::snprintf(line, sizeof line, format, words...);
    (void)!::write(STDOUT_FILENO, line, static_cast<std::size_t>(size));  // at once, unmixed
}

std::string made(std::string directory) {
    ::mkdir(directory.c_str(), 0700);
    return directory;
}

class Node final : Upcalls {
public:
    Node(asio::any_io_executor loop, Arguments arguments)
        : arguments_{arguments},
          launch_{launch_of(arguments)},
          fences_{arguments.node, arguments.nodes},
          server_{loop, setup_of(arguments), *this},
          children_{loop, SIGCHLD},
          tasks_{loop, [](std::string_view, std::exception_ptr error) {
                     std::rethrow_exception(error);
                 }} {
        if (arguments_.link_fd < 0) return;
        link_ = std::make_unique<wire::Link>(
            wire::make_local_stream(loop, UniqueFd{arguments_.link_fd}));
    }

    asio::awaitable<void> run() {
        const std::string directory =
            made(arguments_.directory + "/job" + std::to_string(arguments_.node));
        const JobSetup setup{launch_, arguments_.node, directory, ::getuid(), ::getgid()};
        co_await server_.open_job(setup);
        if (link_) {
            tasks_.spawn("writer", write_link());
            tasks_.spawn("reader", read_link());
        }
        for (const Rank rank : wire::ranks_on(launch_.runs, arguments_.node))
            start(rank);
        while (!ranks_.empty()) {
            co_await children_.async_wait(asio::use_awaitable);
            reap();
        }
        if (link_) {
            link_->send(wire::Goodbye{});
            part();
        }
        co_await tasks_.join();  // the other node may still ask for data
        const bool closed = co_await server_.close_job();
        say("node%u closed %d\n", arguments_.node, closed);
        if (!closed) ::_exit(3);
    }

private:
    static ServerSetup setup_of(const Arguments& arguments) {
        const std::string name = "node" + std::to_string(arguments.node);
        return {name, made(arguments.directory + "/server-" + name), {}};
    }

    void part() {  // once both have said goodbye
        if (++goodbyes_ == 2) link_->finish();
    }

    asio::awaitable<void> write_link() {
        co_await link_->run_writer();
        link_->close();
    }

    void start(Rank rank) {
        std::vector<std::string> environment = server_.environment_of(rank);
        for (char** entry = environ; *entry; ++entry)
            if (std::strncmp(*entry, "PMIX_", 5) != 0) environment.emplace_back(*entry);
        std::vector<char*> pointers;
        for (std::string& entry : environment)
            pointers.push_back(entry.data());
        pointers.push_back(nullptr);
        pid_t pid = 0;
        const int failed = ::posix_spawnp(&pid, arguments_.program[0], nullptr, nullptr,
                                          arguments_.program, pointers.data());
        if (failed) throw std::system_error{failed, std::system_category(), arguments_.program[0]};
        ranks_.emplace(pid, rank);
    }

    void reap() {
        int status = 0;
        for (pid_t pid = 0; (pid = ::waitpid(-1, &status, WNOHANG)) > 0; ranks_.erase(pid)) {
            if (status != 0) act(fences_.fail_all(pmix::status::job_aborted));
            if (WIFSIGNALED(status))
                say("exit %u signal %d\n", ranks_.at(pid), WTERMSIG(status));
            else
                say("exit %u code %d\n", ranks_.at(pid), WEXITSTATUS(status));
        }
    }

    asio::awaitable<void> read_link() {
        while (std::optional<wire::Message> message = co_await link_->receive()) {
            const NodeIndex from = 1 - arguments_.node;
            if (message->type == wire::MessageType::goodbye)
                part();
            else if (message->type == wire::MessageType::fence_contribution)
                act(fences_.contribution(from, wire::body_of<wire::FenceContribution>(*message)));
            else if (message->type == wire::MessageType::fence_result)
                act(fences_.result(wire::body_of<wire::FenceResult>(*message)));
            else if (message->type == wire::MessageType::modex_request)
                tasks_.spawn("modex", answer(wire::body_of<wire::ModexRequest>(*message)));
            else
                give(wire::body_of<wire::ModexReply>(*message));
        }
    }

    void act(FenceActions actions) {
        for (const wire::FenceContribution& part : actions.up)
            link_->send(part, {launch_.job, 0, 1});
        for (FenceEnd& end : actions.ended) {
            if (!end.children.empty()) link_->send(end.result, {launch_.job, 1, 0});
            if (!end.here) continue;
            Reply reply = std::move(fence_replies_.extract(end.result.key).mapped());
            if (end.result.status)
                std::move(reply).fail(end.result.status);
            else
                std::move(reply).succeed(std::move(end.result.blob));
        }
    }

    asio::awaitable<void> answer(wire::ModexRequest request) {
        ModexData data = co_await server_.request_modex(request.rank);
        link_->send(wire::ModexReply{request.id, data.status, std::move(data.blob)},
                    {launch_.job, 1 - arguments_.node, arguments_.node});
    }

    void give(wire::ModexReply answer) {
        Reply reply = std::move(modex_replies_.extract(answer.id).mapped());
        if (answer.status)
            std::move(reply).fail(answer.status);
        else
            std::move(reply).succeed(std::move(answer.blob));
    }

    void on_fence(Fence fence) override {
        say("fence of %zu, timeout %d\n", fence.members.size(),
            fence.timeout ? static_cast<int>(fence.timeout->count()) : 0);
        const Result<FenceMembers> members = members_of(fence.members, launch_);
        if (!members) return std::move(fence.reply).fail(members.error().code.value());
        FenceArrival arrival = fences_.arrive(*members, std::move(fence.blob));
        fence_replies_.emplace(arrival.key, std::move(fence.reply));
        act(std::move(arrival.actions));
    }

    void on_modex(Modex modex) override {
        say("modex for %u\n", modex.rank);
        const bool ours = modex.nspace == wire::namespace_of(launch_.job);
        if (!link_ || !ours) return std::move(modex.reply).fail(status::not_found);
        modex_replies_.emplace(++modex_id_, std::move(modex.reply));
        link_->send(wire::ModexRequest{modex_id_, modex.rank},
                    {launch_.job, 1 - arguments_.node, arguments_.node});
    }

    void on_abort(Abort abort) override {
        say("abort by %u status %d: %s\n", abort.rank, abort.status, abort.text.c_str());
        std::move(abort.reply).succeed();
        for (const auto& [pid, rank] : ranks_)
            ::kill(pid, SIGKILL);
    }

    void on_init(Rank rank) override { say("init %u\n", rank); }
    void on_finalize(Rank rank) override { say("finalize %u\n", rank); }
    void on_log(Log log) override {
        say("log of %u to %s: %s\n", log.rank, log.to_stderr ? "stderr" : "stdout",
            log.text.c_str());
    }

    Arguments arguments_;
    wire::LaunchJob launch_;
    FenceTable fences_;
    Server server_;
    asio::signal_set children_;
    std::map<pid_t, Rank> ranks_;
    std::unique_ptr<wire::Link> link_;
    int goodbyes_ = 0;
    std::map<wire::FenceKey, Reply> fence_replies_;
    std::map<std::uint32_t, Reply> modex_replies_;
    std::uint32_t modex_id_ = 0;
    TaskGroup tasks_;
};

int run(char** words) {
    ::signal(SIGPIPE, SIG_IGN);  // as the shepherd: libpmix answers ranks that were just killed
    const auto number = [](const char* word) {
        return static_cast<std::uint32_t>(std::atoi(word));
    };
    const Arguments arguments{number(words[1]), number(words[2]),    number(words[3]),
                              words[4],         std::atoi(words[5]), words + 6};
    const auto body = [&](asio::any_io_executor loop) -> asio::awaitable<void> {
        const auto node = std::make_unique<Node>(loop, arguments);
        co_await node->run();
        std::fflush(stdout);
        ::_exit(0);  // as the shepherd: libpmix 4.2.2 crashes in finalize after a rank was killed
    };
    test::run_loop(body, std::chrono::seconds{50});
    return 0;
}

}  // namespace
}  // namespace vrun::pmix

// libpmix 4.2 closes a descriptor under its own listener when a server stops, and leaves memory
// behind; of races only that one is let off.
extern "C" const char* __tsan_default_suppressions() {
    return "race:pmix_ptl_base_stop_listening\n";
}
extern "C" const char* __lsan_default_suppressions() {
    return "leak:libpmix.so\n";
}

int main(int argc, char** argv) {
    try {
        return argc > 6 ? vrun::pmix::run(argv) : 2;
    } catch (const std::exception& error) {
        std::fprintf(stderr, "pmix_test_node: %s\n", error.what());
        return 1;
    }
}
