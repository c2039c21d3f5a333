// SPDX-License-Identifier: Apache-2.0
#include "daemon/shepherd/stack_reader.hpp"

#include "process/pipe.hpp"
#include "process/program.hpp"
#include "wire/base/timeout.hpp"
#include "wire/messages/state.hpp"

#include <fcntl.h>
#include <array>
#include <csignal>
#include <cstdlib>
#include <initializer_list>

namespace vrun::shepherd {
namespace {

constexpr std::chrono::seconds debugger_limit{10};
constexpr std::string_view here = "PID";  // in the words of a debugger

struct Debugger {
    std::string_view program;
    std::initializer_list<std::string_view> words;
};
const std::array debuggers{
    Debugger{"gstack", {here}},
    Debugger{"eu-stack", {"-p", here}},
    Debugger{"gdb", {"-nx", "-batch", "-ex", "thread apply all backtrace", "-p", here}},
};

// Without what would make it ask the network for the sources of what it sees.
std::vector<std::string> debugger_environment() {
    const char* path = std::getenv("PATH");
    return {"HOME=/", "LC_ALL=C", "DEBUGINFOD_URLS=",
            std::string{"PATH="} + (path ? path : "/usr/local/bin:/usr/bin:/bin")};
}

process::ChildPlan plan_for(pid_t pid) {
    process::ChildPlan plan;
    plan.environment = debugger_environment();
    plan.death_signal = SIGKILL;
    const auto path = process::value_in(plan.environment, "PATH");
    for (const Debugger& debugger : debuggers) {
        const std::string name{debugger.program};
        const Result<std::string> found = process::find_program(name, path, "/");
        if (!found) continue;
        plan.program = *found;
        plan.argv.push_back(name);
        for (const std::string_view word : debugger.words)
            plan.argv.push_back(word == here ? std::to_string(pid) : std::string{word});
        break;
    }
    return plan;
}

}  // namespace

asio::awaitable<std::string> StackReader::read(pid_t pid) {
    process::ChildPlan plan = plan_for(pid);
    if (plan.program.empty())
        co_return "there is no gstack, eu-stack or gdb on this node: install one of them there";
    std::string text;
    try {
        text = co_await run(std::move(plan));
    } catch (const std::system_error& error) {
        if (error.code() == asio::error::operation_aborted) throw;
        text = std::string{"no stack trace: "} + error.what();
    }
    debugger_.reset();
    if (text.size() > wire::stack_trace_max) text.resize(wire::stack_trace_max);
    co_return text;
}

asio::awaitable<std::string> StackReader::run(process::ChildPlan plan) {
    process::Pipe pipe = process::make_pipe();
    plan.stdio[0] = process::open_null();
    plan.stdio[1] = UniqueFd{check(::fcntl(pipe.writer.get(), F_DUPFD_CLOEXEC, 3), "fcntl")};
    plan.stdio[2] = std::move(pipe.writer);
    Result<process::Child> child = spawner_.spawn(std::move(plan));
    if (!child) co_return child.error().message();
    debugger_ = child->pid();
    std::string text;
    std::string late;
    try {
        auto gathering = gather(std::move(pipe.reader), text);
        co_await with_timeout(std::move(gathering), debugger_limit);
    } catch (const std::system_error& error) {
        if (error.code() != std::errc::timed_out) throw;
        late =
            "\nthe debugger was not done within " + std::to_string(debugger_limit.count()) + " s";
    }
    child->signal_group(SIGKILL);  // at the end of its output it has no more to say
    co_await child->wait();
    co_return text + late;
}

// Reads to the end; keeps what will be told.
asio::awaitable<void> StackReader::gather(UniqueFd pipe, std::string& text) {
    process::set_nonblocking(pipe);
    asio::posix::stream_descriptor reader{loop_, pipe.get()};
    (void)pipe.release();
    std::array<char, 4096> buffer;
    const auto into = asio::buffer(buffer);
    for (;;) {
        std::size_t size = 0;
        try {
            size = co_await reader.async_read_some(into, asio::use_awaitable);
        } catch (const std::system_error& error) {
            if (error.code() == asio::error::eof) co_return;
            throw;
        }
        if (text.size() < wire::stack_trace_max) text.append(buffer.data(), size);
    }
}

}  // namespace vrun::shepherd
