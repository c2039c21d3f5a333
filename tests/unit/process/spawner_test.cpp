// SPDX-License-Identifier: Apache-2.0
#include "process/spawner.hpp"

#include "process/pipe.hpp"
#include "tests/support/loop.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <csignal>
#include <filesystem>
#include <fstream>

namespace vrun::process {
namespace {

using test::run_loop;

ChildPlan plan_of(std::vector<std::string> argv) {
    std::string program = argv.front();
    return {.argv = std::move(argv),
            .program = std::move(program),
            .environment = {"PATH=/usr/bin:/bin"},
            .stdio = {open_null(), open_null(), open_null()}};
}

ChildPlan shell(std::string script) {
    return plan_of({"/bin/sh", "-c", std::move(script)});
}

struct Finished {
    ExitStatus status;
    std::string text;
};

// At most a pipe full (64 KB): read when the program has ended.
asio::awaitable<Finished> finished(asio::any_io_executor loop, ChildPlan plan) {
    Pipe pipe = make_pipe();
    plan.stdio[1] = std::move(pipe.writer);
    Spawner spawner{loop};
    Child child = spawner.spawn(std::move(plan)).value();
    const ExitStatus status = co_await child.wait();
    std::string text(65'536, '\0');
    text.resize(static_cast<std::size_t>(
        check(::read(pipe.reader.get(), text.data(), text.size()), "read")));
    Finished result{status, text};
    co_return result;
}

std::string output_of(ChildPlan plan) {
    std::string text;
    run_loop([&](asio::any_io_executor loop) -> asio::awaitable<void> {
        const Finished result = co_await finished(loop, std::move(plan));
        text = result.text;
    });
    return text;
}

std::string failure_of(ChildPlan plan) {
    asio::io_context loop;
    Spawner spawner{loop.get_executor()};
    const Result<Child> child = spawner.spawn(std::move(plan));
    return child ? "it started" : child.error().message();
}

wire::Identity nobody() {
    return {4242, 4343, {7, 8, 9}};
}

struct Failure {
    const char* name;
    std::function<void(ChildPlan&)> spoil;
    std::string sentence;
    bool needs_root = false;
};

std::ostream& operator<<(std::ostream& out, const Failure& failure) {
    return out << failure.name;
}

class SpawnFailure : public testing::TestWithParam<Failure> {};

TEST_P(SpawnFailure, NamesStepAndReason) {
    if (GetParam().needs_root && ::geteuid() != 0)
        GTEST_SKIP() << "only root can become somebody else";
    ChildPlan plan = plan_of({"/bin/true"});
    GetParam().spoil(plan);
    EXPECT_EQ(failure_of(std::move(plan)), GetParam().sentence);
}

INSTANTIATE_TEST_SUITE_P(
    Steps, SpawnFailure,
    testing::Values(
        Failure{"exec", [](ChildPlan& plan) { plan.argv[0] = plan.program = "/no/such"; },
                "start '/no/such': No such file or directory"},
        Failure{"exec_of_another_name",
                [](ChildPlan& plan) {
                    plan.argv[0] = "x\n";
                    plan.program = "/etc/passwd";
                },
                "start 'x\\n' (/etc/passwd): Permission denied"},
        Failure{"workdir", [](ChildPlan& plan) { plan.workdir = "/no/such/dir"; },
                "start '/bin/true', entering the working directory '/no/such/dir': No such file or "
                "directory"},
        Failure{"workdir_is_a_file", [](ChildPlan& plan) { plan.workdir = "/etc/passwd"; },
                "start '/bin/true', entering the working directory '/etc/passwd': Not a directory"},
        Failure{"limits",
                [](ChildPlan& plan) {
                    plan.limits = {{999, 1}};
                },
                "start '/bin/true', setting its resource limits: Invalid argument"},
        Failure{"death_signal", [](ChildPlan& plan) { plan.death_signal = 999; },
                "start '/bin/true', setting the parent death signal: Invalid argument"},
        Failure{"identity",
                [](ChildPlan& plan) {
                    plan.identity = wire::Identity{4242, 4343, std::vector<std::uint32_t>(65'537)};
                },
                "start '/bin/true', becoming uid 4242: Invalid argument", true},
        Failure{"workdir_of_root",
                [](ChildPlan& plan) {
                    plan.identity = nobody();
                    plan.workdir = "/root";
                },
                "start '/bin/true', entering the working directory '/root': Permission denied",
                true}),
    [](const auto& instance) { return instance.param.name; });

TEST(Spawner, ThrowsForADescriptorThatIsNotOpen) {
    ChildPlan plan = plan_of({"/bin/true"});
    plan.stdio[0] = UniqueFd{};
    EXPECT_THROW(failure_of(std::move(plan)), std::system_error);
}

TEST(Spawner, ReturnsTheExitCodeOfAChild) {
    run_loop([](asio::any_io_executor loop) -> asio::awaitable<void> {
        const Finished result = co_await finished(loop, shell("exit 7"));
        EXPECT_EQ(exit_code_of(result.status), 7);
    });
}

TEST(Spawner, SignalsTheWholeProcessGroup) {
    Pipe pipe = make_pipe();
    run_loop([&](asio::any_io_executor loop) -> asio::awaitable<void> {
        ChildPlan plan = shell("sleep 60 & wait");
        plan.stdio[1] = std::move(pipe.writer);
        Spawner spawner{loop};
        Child child = spawner.spawn(std::move(plan)).value();
        child.signal_group(SIGTERM);
        const ExitStatus status = co_await child.wait();
        EXPECT_EQ(exit_code_of(status), 128 + SIGTERM);
        EXPECT_EQ(child.pid(), -1);
        child.signal_group(SIGTERM);  // nobody's number now
    });
    char byte = 0;
    EXPECT_EQ(::read(pipe.reader.get(), &byte, 1), 0);  // the sleep is gone too
}

TEST(Spawner, ADroppedChildIsKilledAndReaped) {
    asio::io_context loop;
    pid_t pid = 0;
    {
        Spawner spawner{loop.get_executor()};
        const Child child = spawner.spawn(shell("sleep 60")).value();
        pid = child.pid();
        EXPECT_EQ(::getpgid(pid), pid);
    }
    EXPECT_EQ(::kill(pid, 0), -1);
    EXPECT_EQ(errno, ESRCH);
}

TEST(Spawner, ShowsTheProgramTheArgumentsAndTheEnvironmentOfThePlan) {
    ChildPlan plan = shell("echo $0 $1; /usr/bin/env | sort");
    plan.argv = {"another name", "-c", plan.argv[2], "zero", "one"};
    plan.environment = {"B=2", "A=1"};
    EXPECT_EQ(output_of(std::move(plan)),
              "zero one\nA=1\nB=2\nPWD=" + std::filesystem::current_path().string() + "\n");
}

TEST(Spawner, StartsProgramsWithNoSignalBlockedOrIgnored) {
    const auto before = ::signal(SIGPIPE, SIG_IGN);
    // Not 32 and 33: posix_spawn() leaves glibc's own ignored, and signal() cannot change it.
    const std::string text = output_of(
        plan_of({"/bin/grep", "-Ec", "^Sig(Blk|Ign):.0{7}[01][08]0{7}$", "/proc/self/status"}));
    ::signal(SIGPIPE, before);
    EXPECT_EQ(text, "2\n");
}

TEST(Spawner, RunsTheProgramAsTheGivenUser) {
    if (::geteuid() != 0) GTEST_SKIP() << "only root can become somebody else";
    ChildPlan plan = shell("grep -E '^([UG]id|Groups):' /proc/self/status");
    plan.identity = nobody();
    EXPECT_EQ(output_of(std::move(plan)),
              "Uid:\t4242\t4242\t4242\t4242\nGid:\t4343\t4343\t4343\t4343\nGroups:\t7 8 9 \n");
}

// Numbers that a careless order of dup2() would mix up: each source is another one's target.
TEST(Spawner, GivesEachDescriptorTheNumberOfThePlanAndNoOther) {
    const UniqueFd stray{
        check(::fcntl(open_null().get(), F_DUPFD, 40), "fcntl")};  // not close-on-exec
    ChildPlan plan = shell(
        "for n in 0 1 2 3 4 5 6 7 8 40; do test -e /proc/$$/fd/$n && echo $n; done; cat <&3; cat "
        "<&4; cat <&7");
    std::array<Pipe, 3> pipes{make_pipe(), make_pipe(), make_pipe()};
    const std::array targets{4, 7, 3};
    for (std::size_t i = 0; i < pipes.size(); ++i) {
        const std::string word = "to " + std::to_string(targets[i]) + "\n";
        ASSERT_GT(::write(pipes[i].writer.get(), word.data(), word.size()), 0);
        plan.descriptors.emplace_back(std::move(pipes[i].reader), targets[i]);
        pipes[i].writer = UniqueFd{};
    }
    EXPECT_EQ(output_of(std::move(plan)), "0\n1\n2\n3\n4\n7\nto 3\nto 4\nto 7\n");
}

TEST(Spawner, SetsSoftLimitsUpToTheHardOneAndTheUmask) {
    rlimit files{};
    ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &files), 0);
    ChildPlan plan = shell("ulimit -Sc; ulimit -Sn; ulimit -Hn; umask");
    plan.limits = {{RLIMIT_CORE, 0}, {RLIMIT_NOFILE, ~std::uint64_t{0}}};
    plan.umask = 027;
    const std::string hard = std::to_string(files.rlim_max) + "\n";
    EXPECT_EQ(output_of(std::move(plan)), "0\n" + hard + hard + "0027\n");
}

TEST(Spawner, ASmallLimitOnFilesDoesNotForbidTheDescriptors) {
    ChildPlan plan = shell("ulimit -n; test -e /proc/$$/fd/9 && echo there");
    plan.descriptors.emplace_back(open_null(), 9);
    plan.limits = {{RLIMIT_NOFILE, 5}};
    EXPECT_EQ(output_of(std::move(plan)), "5\nthere\n");
}

TEST(Spawner, TheDeathSignalSurvivesTheChangeOfUser) {
    if (::geteuid() != 0) GTEST_SKIP() << "only root can become somebody else";
    Pipe pipe = make_pipe();
    const pid_t parent = check(::fork(), "fork");
    if (parent == 0) {
        asio::io_context loop;
        Spawner spawner{loop.get_executor()};
        ChildPlan plan = shell("sleep 60");
        plan.argv[2] = "echo; exec sleep 60";
        plan.identity = nobody();
        plan.death_signal = SIGKILL;
        plan.stdio[1] = std::move(pipe.writer);
        const Child child = spawner.spawn(std::move(plan)).value();
        ::pause();
        ::_exit(0);
    }
    pipe.writer = UniqueFd{};
    char byte = 0;
    EXPECT_EQ(::read(pipe.reader.get(), &byte, 1), 1);
    ::kill(parent, SIGKILL);
    EXPECT_EQ(::read(pipe.reader.get(), &byte, 1),
              0);  // it ended, though its parent could not do it
}

TEST(Spawner, RaisesTheOomScoreOfTheChildAlone) {
    ChildPlan plan = plan_of({"/bin/cat", "/proc/self/oom_score_adj"});
    plan.oom_score_adj = 321;
    EXPECT_EQ(output_of(std::move(plan)), "321\n");
    std::ifstream ours{"/proc/self/oom_score_adj"};
    int value = 321;
    ours >> value;
    EXPECT_NE(value, 321);
}

}  // namespace
}  // namespace vrun::process
