// SPDX-License-Identifier: Apache-2.0
// The program as a whole: a real vrun-shepherd, a daemon played by the test.
#include "daemon/shepherd/rank_input.hpp"
#include "shepherd_under_test.hpp"
#include "wire/job_id.hpp"
#include "wire/messages/session.hpp"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <filesystem>
#include <fstream>

namespace vrun::shepherd {
namespace {

using namespace test;
using wire::FailureKind;

// A file name nobody else uses, in a directory that is removed.
class Scratch {
public:
    Scratch()
        : path_{std::filesystem::temp_directory_path() /
                ("vrun-test-" + wire::id_text(wire::random_id()))} {
        std::filesystem::create_directory(path_);
    }
    ~Scratch() { std::filesystem::remove_all(path_); }
    std::string operator/(const char* name) const { return path_ / name; }

private:
    std::filesystem::path path_;
};

bool is_running(pid_t pid) {
    std::ifstream file{"/proc/" + std::to_string(pid) + "/stat"};
    std::string stat;
    std::getline(file, stat);
    const auto name_end = stat.rfind(')');
    return name_end != std::string::npos && stat.at(name_end + 2) != 'Z';
}

TEST(ShepherdProgram, RunsRanksAndCarriesWhatTheySay) {
    run_alone(
        script_of(2, "echo out $VRUN_RANK of $OMPI_COMM_WORLD_SIZE; echo err >&2; printf end"),
        [](ShepherdUnderTest& shepherd) {
            EXPECT_EQ(shepherd.role, wire::Role::shepherd);
            EXPECT_TRUE(shepherd.ready);
            EXPECT_EQ(shepherd.started, 1);
            EXPECT_EQ(shepherd.out(0), "out 0 of 2\nend");
            EXPECT_EQ(shepherd.out(1), "out 1 of 2\nend");
            EXPECT_EQ(shepherd.err(1), "err\n");
            EXPECT_EQ(shepherd.ended->exit_code, 0);
            EXPECT_TRUE(shepherd.output_end) << "the last word came before the output's end";
            EXPECT_EQ(shepherd.output_end->out_bytes, 28u);
            EXPECT_TRUE(shepherd.failures.empty());
        });
}

TEST(ShepherdProgram, ReturnsTheFirstFailingRanksCode) {
    run_alone(script_of(2, "[ $VRUN_RANK = 1 ] && exit 7; sleep 100"),
              [](ShepherdUnderTest& shepherd) {
                  EXPECT_EQ(shepherd.ended->exit_code, 7);
                  EXPECT_EQ(shepherd.failures.at(0).rank, 1u);
                  EXPECT_EQ(shepherd.failures.at(0).node_name, "n0");
              });
}

TEST(ShepherdProgram, ReturnsHowARankWasKilled) {
    run_alone(script_of(1, "kill -SEGV $$"), [](ShepherdUnderTest& shepherd) {
        EXPECT_EQ(shepherd.ended->exit_code, 128 + SIGSEGV);
        EXPECT_EQ(shepherd.failures.at(0).kind, FailureKind::signaled);
    });
}

TEST(ShepherdProgram, SaysThatAProgramIsMissing) {
    run_alone(job_of(2, {"./no-such-program"}), [](ShepherdUnderTest& shepherd) {
        EXPECT_EQ(shepherd.ended->exit_code, 127);
        EXPECT_EQ(shepherd.started, 0);
        EXPECT_EQ(shepherd.failures.size(), 1u);
        EXPECT_NE(shepherd.failures.at(0).text.find("./no-such-program"), std::string::npos);
    });
}

TEST(ShepherdProgram, SaysThatAProgramIsNotExecutable) {
    run_alone(job_of(1, {"/etc/passwd"}),
              [](ShepherdUnderTest& shepherd) { EXPECT_EQ(shepherd.ended->exit_code, 126); });
}

TEST(ShepherdProgram, NamesAMissingWorkingDirectory) {
    wire::LaunchJob job = script_of(1, "true");
    job.apps[0].workdir = "/no/such/directory";
    run_alone(job, [](ShepherdUnderTest& shepherd) {
        EXPECT_EQ(shepherd.ended->exit_code, 126);
        EXPECT_NE(shepherd.failures.at(0).text.find("/no/such/directory"), std::string::npos);
    });
}

TEST(ShepherdProgram, FallsBackToTheWorkingDirectoryBelowHome) {
    const Scratch home;
    std::filesystem::create_directories(home / "far/away");
    wire::LaunchJob job = script_of(1, "pwd");
    job.environment.push_back("HOME=" + home / "");
    job.apps[0].workdir = "/far/away";
    run_alone(job, [&](ShepherdUnderTest& shepherd) {
        EXPECT_EQ(shepherd.ended->exit_code, 0);
        EXPECT_TRUE(shepherd.out(0).ends_with("/far/away\n")) << shepherd.out(0);
    });
}

TEST(ShepherdProgram, SetsUmaskAndLimits) {
    wire::LaunchJob job = script_of(1, "umask; ulimit -S -c");
    job.umask = 077;
    job.limits = {{RLIMIT_CORE, 0}};
    run_alone(job, [](ShepherdUnderTest& shepherd) { EXPECT_EQ(shepherd.out(0), "0077\n0\n"); });
}

TEST(ShepherdProgram, FeedsRankZeroAndNobodyElse) {
    with_shepherd([](ShepherdUnderTest& shepherd) -> Task {
        shepherd.start(script_of(2, "cat"));
        const auto credit_came = [&] { return shepherd.input_credit > 0; };
        co_await shepherd.until(credit_came);
        EXPECT_EQ(shepherd.input_credit, input_window);
        shepherd.send(wire::Input{wire::bytes_of("hello\nworld")});
        const auto more_credit = [&] { return shepherd.input_credit > input_window; };
        co_await shepherd.until(more_credit);
        shepherd.send(wire::InputEnd{});
        co_await shepherd.job_ends();
        EXPECT_EQ(shepherd.out(0), "hello\nworld");
        EXPECT_EQ(shepherd.out(1), "");
        EXPECT_EQ(shepherd.ended->exit_code, 0);
    });
}

TEST(ShepherdProgram, SaysThatNobodyReadsTheInput) {
    with_shepherd([](ShepherdUnderTest& shepherd) -> Task {
        shepherd.start(script_of(1, "exec <&-; sleep 100"));
        const auto closed = [&] { return shepherd.inputs_closed > 0; };
        co_await shepherd.until(closed);
        wire::EndJob end;
        end.mode = wire::EndMode::kill;
        shepherd.send(end);
        co_await shepherd.job_ends();
    });
}

TEST(ShepherdProgram, ReadsNoMoreThanItsCredit) {
    with_shepherd([](ShepherdUnderTest& shepherd) -> Task {
        shepherd.gives_credit = false;
        wire::LaunchJob job = script_of(1, "yes | head -c 1000000; echo done >&2");
        job.window = 4096;
        shepherd.start(job);
        const auto window_used = [&] { return shepherd.out(0).size() == 4096; };
        co_await shepherd.until(window_used);
        shepherd.send(wire::Credit{wire::StreamId::out, 10});
        const auto ten_more = [&] { return shepherd.out(0).size() == 4106; };
        co_await shepherd.until(ten_more);
        EXPECT_EQ(shepherd.err(0), "") << "the rank should be blocked";
        shepherd.gives_credit = true;
        shepherd.send(wire::Credit{wire::StreamId::out, 4096});
        co_await shepherd.job_ends();
        EXPECT_EQ(shepherd.out(0).size(), 1'000'000u);
        EXPECT_EQ(shepherd.output_end->out_bytes, 1'000'000u);
    });
}

TEST(ShepherdProgram, DropsOutputThatNobodyReadsAnyMore) {
    with_shepherd([](ShepherdUnderTest& shepherd) -> Task {
        shepherd.gives_credit = false;
        shepherd.start(script_of(1, "yes"));
        const auto spoke = [&] { return !shepherd.out(0).empty(); };
        co_await shepherd.until(spoke);
        wire::EndJob end;
        end.mode = wire::EndMode::kill;
        end.cause.kind = FailureKind::client_gone;
        shepherd.send(end);
        co_await shepherd.job_ends();
        EXPECT_TRUE(shepherd.output_end);
    });
}

TEST(ShepherdProgram, PassesSignalsOn) {
    with_shepherd([](ShepherdUnderTest& shepherd) -> Task {
        shepherd.start(
            script_of(1, "trap 'echo got; exit 3' USR1; echo ready; while :; do sleep 0.05; done"));
        const auto ready = [&] { return shepherd.out(0) == "ready\n"; };
        co_await shepherd.until(ready);
        shepherd.send(wire::Signal{SIGUSR1});
        co_await shepherd.job_ends();
        EXPECT_EQ(shepherd.out(0), "ready\ngot\n");
        EXPECT_EQ(shepherd.ended->exit_code, 3);
    });
}

TEST(ShepherdProgram, TerminatesAndKillsWhatDoesNotListen) {
    with_shepherd([](ShepherdUnderTest& shepherd) -> Task {
        shepherd.start(script_of(2, "trap '' TERM; echo ready; while :; do sleep 0.05; done"));
        const auto both_ready = [&] {
            return shepherd.out(0) == shepherd.out(1) && !shepherd.out(0).empty();
        };
        co_await shepherd.until(both_ready);
        wire::EndJob end;
        end.grace_ms = 100;
        end.cause.kind = FailureKind::cancelled;
        end.cause.code = SIGINT;
        shepherd.send(end);
        co_await shepherd.job_ends();
        EXPECT_EQ(shepherd.ended->exit_code, 128 + SIGINT);
        EXPECT_EQ(shepherd.failures.size(), 1u);
    });
}

TEST(ShepherdProgram, TerminatesRanksThatAreStopped) {
    with_shepherd([](ShepherdUnderTest& shepherd) -> Task {
        shepherd.start(script_of(1, "echo ready; sleep 100"));
        const auto spoke = [&] { return !shepherd.out(0).empty(); };
        co_await shepherd.until(spoke);
        shepherd.send(wire::Signal{SIGTSTP});
        wire::EndJob end;
        end.grace_ms = 60'000;
        shepherd.send(end);
        co_await shepherd.job_ends();
        EXPECT_EQ(shepherd.ended->exit_code, 128 + SIGTERM);
    });
}

TEST(ShepherdProgram, LeavesNothingBehind) {
    run_alone(
        script_of(
            1,
            "setsid sleep 1000 & echo $!; (setsid sleep 1000 & echo $!); sleep 1000 & echo $!;"
            "touch $TMPDIR/file; mkdir -p $TMPDIR/a; touch $TMPDIR/a/b; chmod 0 $TMPDIR/a;"
            "echo $TMPDIR; echo $OMPI_MCA_btl_vader_backing_directory"),
        [](ShepherdUnderTest& shepherd) {
            EXPECT_EQ(shepherd.ended->exit_code, 0);
            std::istringstream lines{shepherd.out(0)};
            for (int i = 0; i < 3; ++i) {
                pid_t pid = 0;
                lines >> pid;
                EXPECT_GT(pid, 0);
                EXPECT_FALSE(is_running(pid)) << pid;
            }
            std::string tmp, shm;
            lines >> tmp >> shm;
            EXPECT_TRUE(tmp.starts_with("/")) << shepherd.out(0);
            EXPECT_FALSE(std::filesystem::exists(tmp));
            EXPECT_FALSE(std::filesystem::exists(shm));
        });
}

TEST(ShepherdProgram, ServesOneJobAfterTheOther) {
    with_shepherd([](ShepherdUnderTest& shepherd) -> Task {
        const pid_t guard = shepherd.guard->pid();
        for (int round = 0; round < 5; ++round) {
            shepherd.texts.clear();
            const std::string code = std::to_string(round);
            const wire::LaunchJob job =
                script_of(2, "[ $VRUN_RANK = 0 ] && exit 0; echo $VRUN_JOB_ID; exit " + code);
            shepherd.start(job);
            co_await shepherd.job_ends();
            EXPECT_EQ(shepherd.ended->exit_code, round);
            EXPECT_EQ(shepherd.out(1), wire::id_text(job.job) + "\n");
        }
        EXPECT_EQ(shepherd.guard->pid(), guard);
    });
}

TEST(ShepherdProgram, IsQuietBetweenJobsAndEndsWithItsDaemon) {
    with_shepherd([](ShepherdUnderTest& shepherd) -> Task {
        shepherd.start(script_of(1, "sleep 1.5"));
        co_await shepherd.job_ends();
        const int beats = shepherd.beats;
        EXPECT_GE(beats, 1);
        asio::steady_timer timer{shepherd.loop(), std::chrono::milliseconds{1'500}};
        co_await timer.async_wait(asio::use_awaitable);
        EXPECT_EQ(shepherd.beats, beats);
        co_await shepherd.end();
        EXPECT_EQ(process::exit_code_of(*shepherd.status), 0);
    });
}

TEST(ShepherdProgram, KillsEverythingWhenItsDaemonIsGone) {
    with_shepherd([](ShepherdUnderTest& shepherd) -> Task {
        shepherd.start(
            script_of(1, "setsid sleep 1000 & echo $!; trap '' TERM; while :; do sleep 0.1; done"));
        const auto spoke = [&] { return !shepherd.out(0).empty(); };
        co_await shepherd.until(spoke);
        const pid_t sleeper = std::atoi(shepherd.out(0).c_str());
        EXPECT_TRUE(is_running(sleeper));
        co_await shepherd.end();
        EXPECT_FALSE(is_running(sleeper));
    });
}

TEST(ShepherdProgram, KillsEverythingWhenTheLeaseIsOver) {
    with_shepherd([](ShepherdUnderTest& shepherd) -> Task {
        wire::LaunchJob job = script_of(2, "echo ready; sleep 1000");
        job.lease_ms = 1'200;
        shepherd.start(job);
        const auto spoke = [&] { return !shepherd.out(0).empty(); };
        co_await shepherd.until(spoke);
        shepherd.link->send(wire::Lease{{{job.job, 2'500}}});
        const auto begin = std::chrono::steady_clock::now();
        co_await shepherd.job_ends();
        EXPECT_GE(std::chrono::steady_clock::now() - begin, std::chrono::milliseconds{2'400})
            << "it was renewed";
        EXPECT_EQ(shepherd.failures.at(0).kind, FailureKind::lease_expired);
        EXPECT_EQ(shepherd.ended->exit_code, 122);
    });
}

}  // namespace
}  // namespace vrun::shepherd
