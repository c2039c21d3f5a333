// SPDX-License-Identifier: Apache-2.0
#include "daemon/shepherd/guard.hpp"

#include "process/descendants.hpp"
#include "process/pipe.hpp"
#include "wire/base/result.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <thread>

extern "C" {  // glibc 2.36 forgets the linkage
#include <sys/pidfd.h>
}

namespace vrun::shepherd {
namespace {

using namespace std::chrono_literals;
using process::make_pipe;

// Double fork, new sessions, scrubbed environments, ignored signals, 200 brothers, and a
// process that moves on to the next number all the time, 400 times at most.
constexpr auto hostile = R"(
    trap '' TERM HUP INT
    (NAP &)
    (setsid NAP &)
    env -i setsid sh -c 'trap "" TERM; (NAP &) ; NAP & NAP' &
    i=0; while [ $i -lt 200 ]; do NAP & i=$((i+1)); done
    hop() { [ $1 -gt 0 ] || return; sleep 0.02; hop $(($1 - 1)) & }
    hop 400 &
    wait
)";
constexpr std::size_t hostile_count = 205;

// What the forked processes tell the test.
struct Shared {
    pid_t shepherd;
    char tmp[200], shm[200];
};

// Every process of a test carries the test's own word in its command line. Nothing else does,
// so nothing else is counted, or killed when the test failed.
class GuardTest : public testing::Test {
protected:
    void SetUp() override {
        ::prctl(PR_SET_CHILD_SUBREAPER, 1);  // a guard without parent is ours
        void* const memory = ::mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE,
                                    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        ASSERT_NE(memory, MAP_FAILED);
        shared_ = new (memory) Shared{};
    }
    void TearDown() override {
        lifeline_ = UniqueFd{};
        for (const pid_t pid : marked())
            ::kill(pid, SIGKILL);
        while (::waitpid(-1, nullptr, 0) > 0) {
        }
        ::prctl(PR_SET_CHILD_SUBREAPER, 0);
        ::munmap(shared_, sizeof(Shared));
    }

    std::vector<pid_t> marked() const {
        std::vector<pid_t> found;
        for (const auto& entry : std::filesystem::directory_iterator{"/proc"}) {
            const pid_t pid = std::atoi(entry.path().filename().c_str());
            std::ifstream file{entry.path() / "cmdline"};
            std::string line;
            std::getline(file, line, '\1');
            if (pid > 0 && line.find(mark_) != std::string::npos) found.push_back(pid);
        }
        return found;
    }
    bool appear(std::size_t count) const {
        const auto limit = std::chrono::steady_clock::now() + 20s;
        while (std::chrono::steady_clock::now() < limit) {
            if (marked().size() >= count) return true;
            std::this_thread::yield();
        }
        return false;
    }
    [[noreturn]] void run_shell(std::string script) const {
        for (std::size_t at; (at = script.find("NAP")) != std::string::npos;)
            script.replace(at, 3, "sleep 600." + mark_);
        ::execl("/bin/sh", "sh", "-c", script.c_str(), ("mark." + mark_).c_str(), nullptr);
        ::_exit(127);
    }

    void note(const Guarded& guarded) const {
        shared_->shepherd = ::getpid();
        guarded.directories.tmp.copy(shared_->tmp, sizeof shared_->tmp - 1);
        guarded.directories.shm.copy(shared_->shm, sizeof shared_->shm - 1);
        std::ofstream{guarded.directories.tmp + "/file"} << "text";
    }
    bool directories_exist() const {
        return std::filesystem::exists(shared_->tmp) &&
               (!*shared_->shm || std::filesystem::exists(shared_->shm));
    }
    bool directories_are_gone() const {
        return *shared_->tmp && !std::filesystem::exists(shared_->tmp) &&
               !std::filesystem::exists(shared_->shm);
    }

    // A shepherd that starts a script and then lives until `lives` says otherwise.
    std::function<int(Guarded)> shepherd_with(const char* script,
                                              std::function<int(Guarded)> lives) const {
        return [=, this](Guarded guarded) {
            note(guarded);
            if (::fork() == 0) run_shell(script);
            return lives(std::move(guarded));
        };
    }
    pid_t guard_of(const std::function<int(Guarded)>& child_main) {
        process::Pipe pipe = make_pipe();
        const pid_t guard = check(::fork(), "fork");
        if (guard == 0) {
            pipe.writer = UniqueFd{};
            ::_exit(run_guarded(std::move(pipe.reader), child_main));
        }
        lifeline_ = std::move(pipe.writer);
        return guard;
    }

    const std::string mark_ =
        std::to_string(::getpid()) +
        std::to_string(std::chrono::steady_clock::now().time_since_epoch().count());
    Shared* shared_ = nullptr;
    UniqueFd lifeline_;
};

int exit_code_of(pid_t pid) {
    int status = 0;
    const UniqueFd pidfd{check(::pidfd_open(pid, 0), "pidfd_open")};
    pollfd ended{pidfd.get(), POLLIN, 0};
    if (::poll(&ended, 1, 15'000) != 1) throw std::runtime_error{"the process does not end"};
    check(::waitpid(pid, &status, 0), "waitpid");
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

int live_for_ever(Guarded) {
    for (;;)
        ::pause();
}

// What the shepherd's loop does with the pipe.
int live_until_the_guard_is_gone(Guarded guarded) {
    pollfd gone{guarded.guard_gone.get(), POLLIN, 0};
    while (::poll(&gone, 1, -1) != 1) {
    }
    sweep_without_guard(guarded.directories);
    return 9;
}

TEST_F(GuardTest, ReturnsTheExitCodeOfTheChild) {
    EXPECT_EQ(exit_code_of(guard_of([](Guarded) { return 7; })), 7);
}

TEST_F(GuardTest, KnowsTheExitCodeThoughItInheritedIgnoredSigchld) {
    process::Pipe lifeline = make_pipe();
    const pid_t guard = ::fork();
    if (guard == 0) {
        ::signal(SIGCHLD, SIG_IGN);
        ::_exit(run_guarded(std::move(lifeline.reader), [](Guarded) { return 7; }));
    }
    EXPECT_EQ(exit_code_of(guard), 7);
}

TEST_F(GuardTest, RefusesALifelineThatIsNotOpen) {
    EXPECT_THROW(run_guarded(UniqueFd{}, live_for_ever), std::system_error);
}

TEST_F(GuardTest, LeavesNothingWhenTheChildReturns) {
    const pid_t guard = guard_of(shepherd_with(hostile, [this](Guarded guarded) {
        return appear(hostile_count) && std::filesystem::exists(guarded.directories.tmp) ? 3 : 4;
    }));
    EXPECT_EQ(exit_code_of(guard), 3);
    EXPECT_EQ(marked().size(), 0u);
    EXPECT_TRUE(directories_are_gone());
}

TEST_F(GuardTest, LeavesNothingWhenTheChildThrows) {
    const pid_t guard = guard_of([this](Guarded guarded) -> int {
        note(guarded);
        ::signal(SIGABRT, SIG_DFL);
        ::close(STDERR_FILENO);
        throw std::runtime_error{"a fault of the shepherd"};
    });
    EXPECT_EQ(exit_code_of(guard), 128 + SIGABRT);
    EXPECT_TRUE(directories_are_gone());
}

TEST_F(GuardTest, LeavesNothingWhenTheChildIsKilled) {
    const pid_t guard = guard_of(shepherd_with(hostile, live_for_ever));
    EXPECT_TRUE(appear(hostile_count));
    EXPECT_TRUE(directories_exist());
    ::kill(shared_->shepherd, SIGKILL);
    EXPECT_EQ(exit_code_of(guard), 128 + SIGKILL);
    EXPECT_EQ(marked().size(), 0u);
    EXPECT_TRUE(directories_are_gone());
}

TEST_F(GuardTest, LeavesNothingWhenTheLifelineIsCut) {
    const pid_t guard = guard_of(shepherd_with(hostile, live_for_ever));
    EXPECT_TRUE(appear(hostile_count));
    lifeline_ = UniqueFd{};
    EXPECT_EQ(exit_code_of(guard), 128 + SIGKILL);
    EXPECT_EQ(marked().size(), 0u);
    EXPECT_TRUE(directories_are_gone());
}

TEST_F(GuardTest, TheShepherdLeavesNothingWhenTheGuardIsKilled) {
    const pid_t guard = guard_of(shepherd_with(hostile, live_until_the_guard_is_gone));
    EXPECT_TRUE(appear(hostile_count));
    EXPECT_TRUE(directories_exist());
    ::kill(guard, SIGKILL);
    EXPECT_EQ(exit_code_of(guard), -SIGKILL);
    EXPECT_EQ(exit_code_of(shared_->shepherd), 9);  // ours now, as the next subreaper
    EXPECT_EQ(marked().size(), 0u);
    EXPECT_TRUE(directories_are_gone());
}

TEST_F(GuardTest, ASignalToTheGroupOfTheGuardLeavesTheShepherd) {
    const pid_t guard = guard_of([this](Guarded guarded) {
        ::setpgid(::getppid(), ::getppid());  // as the spawner does
        note(guarded);
        return live_until_the_guard_is_gone(std::move(guarded));
    });
    while (!directories_exist())
        std::this_thread::yield();
    ::setpgid(guard, guard);
    ::kill(-guard, SIGKILL);
    EXPECT_EQ(exit_code_of(guard), -SIGKILL);
    EXPECT_EQ(exit_code_of(shared_->shepherd), 9);
    EXPECT_TRUE(directories_are_gone());
}

// The writer is held here too, so only the kernel's word on the parent's death can arrive.
TEST_F(GuardTest, LeavesNothingWhenItsParentIsKilled) {
    process::Pipe lifeline = make_pipe(), names = make_pipe();
    const pid_t parent = ::fork();
    if (parent == 0) {
        const pid_t guard = ::fork();
        if (guard == 0)
            ::_exit(run_guarded(std::move(lifeline.reader), shepherd_with(hostile, live_for_ever)));
        (void)!::write(names.writer.get(), &guard, sizeof guard);
        for (;;)
            ::pause();
    }
    pid_t guard = 0;
    ASSERT_EQ(::read(names.reader.get(), &guard, sizeof guard), ssize_t{sizeof guard});
    EXPECT_TRUE(appear(hostile_count));
    ::kill(parent, SIGKILL);
    EXPECT_EQ(exit_code_of(parent), -SIGKILL);
    EXPECT_EQ(exit_code_of(guard), 128 + SIGKILL);
    EXPECT_EQ(marked().size(), 0u);
    EXPECT_TRUE(directories_are_gone());
}

TEST_F(GuardTest, ReapsOrphansWhileTheChildLives) {
    const pid_t guard = guard_of([](Guarded) {
        ::prctl(PR_SET_CHILD_SUBREAPER, 0);  // so that they are the guard's
        if (::fork() == 0) {
            ::execl("/bin/sh", "sh", "-c",
                    "i=0; while [ $i -lt 50 ]; do (true &) ; i=$((i+1)); done", nullptr);
            ::_exit(127);
        }
        ::wait(nullptr);
        const auto limit = std::chrono::steady_clock::now() + 5s;
        while (std::chrono::steady_clock::now() < limit)
            if (process::children_of(::getppid()).size() == 1) return 0;
        return 1;
    });
    EXPECT_EQ(exit_code_of(guard), 0);
}

// Whoever waits for the end of the shepherd's socket must not wait for the guard.
TEST_F(GuardTest, HoldsNoDescriptorOfTheShepherd) {
    process::Pipe socket = make_pipe();
    const int writer = socket.writer.get();
    const pid_t guard = guard_of([writer](Guarded guarded) {
        ::close(writer);
        return live_for_ever(std::move(guarded));
    });
    socket.writer = UniqueFd{};
    pollfd ended{socket.reader.get(), POLLIN, 0};
    EXPECT_EQ(::poll(&ended, 1, 15'000), 1);
    EXPECT_EQ(::waitpid(guard, nullptr, WNOHANG), 0);
    lifeline_ = UniqueFd{};
    EXPECT_EQ(exit_code_of(guard), 128 + SIGKILL);
}

TEST_F(GuardTest, TellsTheScoreForRanksWhenItLoweredItsOwn) {
    const auto score = [](const char* path) {
        int value = 0;
        std::ifstream{path} >> value;
        return value;
    };
    const int before = score("/proc/self/oom_score_adj");
    const pid_t guard = guard_of([&](Guarded guarded) {
        const int ours = score("/proc/self/oom_score_adj");
        if (ours == before) return guarded.rank_oom_score_adj ? 1 : 0;  // not allowed
        return guarded.rank_oom_score_adj == before ? 0 : 2;
    });
    EXPECT_EQ(exit_code_of(guard), 0);
}

TEST_F(GuardTest, TouchesNobodyElse) {
    const pid_t bystander = ::fork();
    if (bystander == 0) run_shell("exec NAP");
    EXPECT_TRUE(appear(1));
    EXPECT_EQ(exit_code_of(guard_of([this](Guarded) -> int { run_shell("NAP & NAP & exit 2"); })),
              2);
    EXPECT_EQ(marked(), std::vector<pid_t>{bystander});
    EXPECT_EQ(::waitpid(bystander, nullptr, WNOHANG), 0);
}

}  // namespace
}  // namespace vrun::shepherd
