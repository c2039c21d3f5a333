// SPDX-License-Identifier: Apache-2.0
// A process has one libpmix server in its life, so each node is a program (node.cpp), as are its
// ranks (client.cpp). What both print is the evidence.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <algorithm>
#include <csignal>
#include <filesystem>

extern char** environ;

namespace vrun::pmix {
namespace {

class Job {
public:
    Job(int nodes, int ranks_per_node, std::string what) {
        int pair[2] = {-1, -1}, output[2];
        if (nodes == 2) (void)::socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
        (void)::pipe2(output, O_CLOEXEC);
        for (int node = 0; node < nodes; ++node)
            start({PMIX_TEST_NODE, std::to_string(node), std::to_string(nodes),
                   std::to_string(ranks_per_node), directory_, std::to_string(pair[node]),
                   PMIX_TEST_CLIENT, what},
                  output[1], pair[1 - node]);
        for (const int fd : {pair[0], pair[1], output[1]})
            ::close(fd);
        read(output[0]);
        ::close(output[0]);
        for (const pid_t node : nodes_) {
            int status = 0;
            ::waitpid(node, &status, 0);
            EXPECT_EQ(status, 0) << all();
        }
    }
    ~Job() { std::filesystem::remove_all(directory_); }

    bool said(const std::string& line) const { return std::ranges::count(lines_, line) == 1; }
    std::ptrdiff_t position(const std::string& line) const {
        return std::ranges::find(lines_, line) - lines_.begin();
    }
    std::string all() const {
        std::string text;
        for (const std::string& line : lines_)
            text += line + "\n";
        return text;
    }

private:
    static std::string made() {
        std::string name = std::filesystem::temp_directory_path() / "vrun-pmix-test.XXXXXX";
        return ::mkdtemp(name.data())
                   ? name
                   : throw std::system_error{errno, std::system_category(), name};
    }

    void start(std::vector<std::string> words, int output, int not_ours) {
        std::vector<char*> argv;
        for (std::string& word : words)
            argv.push_back(word.data());
        argv.push_back(nullptr);
        posix_spawn_file_actions_t actions;
        posix_spawn_file_actions_init(&actions);
        posix_spawn_file_actions_adddup2(&actions, output, 1);
        if (not_ours >= 0) posix_spawn_file_actions_addclose(&actions, not_ours);
        pid_t pid = 0;
        EXPECT_EQ(::posix_spawn(&pid, argv[0], &actions, nullptr, argv.data(), environ), 0);
        posix_spawn_file_actions_destroy(&actions);
        nodes_.push_back(pid);
    }

    // Until every node and rank has closed its end.
    void read(int fd) {
        std::string text(1 << 16, '\0'), line;
        for (ssize_t size = 0; (size = ::read(fd, text.data(), text.size())) > 0;) {
            for (const char byte : text.substr(0, static_cast<std::size_t>(size))) {
                if (byte != '\n')
                    line += byte;
                else
                    lines_.push_back(std::exchange(line, {}));
            }
        }
    }

    std::string directory_ = made();
    std::vector<pid_t> nodes_;
    std::vector<std::string> lines_;
};

TEST(Server, ServesTheRanksOfOneNode) {
    const Job job{1, 2, "exchange"};
    for (const char* line : {"rank 0 of 2 on node0: 2 cards, 2 local, universe 2",
                             "rank 1 of 2 on node0: 2 cards, 2 local, universe 2", "init 0",
                             "init 1", "exit 0 code 0", "exit 1 code 0", "node0 closed 1"})
        EXPECT_TRUE(job.said(line)) << line << "\nin\n" << job.all();
    EXPECT_LT(job.position("init 1"), job.position("finalize 1"));
    EXPECT_LT(job.position("finalize 1"), job.position("exit 1 code 0"));
}

TEST(Server, TellsRanksOfWhichProgramTheyAre) {
    const Job job{1, 3, "apps"};
    for (const char* line : {"rank 0 sees 1: app 0, rank 1 there, local rank 1",
                             "rank 2 sees 1: app 0, rank 1 there, local rank 1",
                             "rank 0 sees 2: app 1, rank 0 there, local rank 2",
                             "rank 2 sees 2: app 1, rank 0 there, local rank 2",
                             "rank 2 of 3 on node0: 3 cards, 3 local, universe 3"})
        EXPECT_TRUE(job.said(line)) << line << "\nin\n" << job.all();
}

TEST(Server, CollectsDataOverTwoNodes) {
    const Job job{2, 2, "exchange"};
    for (const char* line :
         {"rank 0 of 4 on node0: 4 cards, 2 local, universe 4",
          "rank 1 of 4 on node1: 4 cards, 2 local, universe 4",
          "rank 2 of 4 on node0: 4 cards, 2 local, universe 4",
          "rank 3 of 4 on node1: 4 cards, 2 local, universe 4", "node0 closed 1", "node1 closed 1"})
        EXPECT_TRUE(job.said(line)) << line << "\nin\n" << job.all();
    EXPECT_FALSE(job.said("modex for 0") || job.said("modex for 1")) << job.all();
}

TEST(Server, FetchesDataThatNoFenceCollected) {
    const Job job{2, 1, "modex"};
    for (const char* line : {"rank 0 of 2 on node0: 2 cards, 1 local, universe 2",
                             "rank 1 of 2 on node1: 2 cards, 1 local, universe 2", "modex for 0",
                             "modex for 1", "exit 0 code 0", "exit 1 code 0"})
        EXPECT_TRUE(job.said(line)) << line << "\nin\n" << job.all();
}

TEST(Server, FencesSomeRanksOfTwoNodes) {
    const Job job{2, 2, "subsets"};
    for (const char* line : {"exit 0 code 0", "exit 1 code 0", "exit 2 code 0", "exit 3 code 0"})
        EXPECT_TRUE(job.said(line)) << line << "\nin\n" << job.all();
}

TEST(Server, HandsOnAnAbort) {
    const Job job{1, 2, "abort"};
    EXPECT_TRUE(job.said("abort by 1 status 7: told so")) << job.all();
    EXPECT_TRUE(job.said("exit 0 signal 9")) << job.all();
    EXPECT_TRUE(job.said("node0 closed 1")) << job.all();
}

TEST(Server, HandsOnWhatRanksLog) {
    const Job job{1, 1, "log"};
    EXPECT_TRUE(job.said("log of 0 to stderr: all is lost")) << job.all();
    EXPECT_TRUE(job.said("exit 0 code 0")) << job.all();
}

TEST(Server, FailsTheFenceOfTheOthersWhenARankVanishes) {
    const Job job{2, 1, "vanish"};
    EXPECT_TRUE(job.said("exit 0 code 5")) << job.all();
    EXPECT_FALSE(job.said("finalize 0")) << job.all();
    EXPECT_TRUE(job.said("rank 1: fence: -182")) << job.all();
    EXPECT_TRUE(job.said("exit 1 code 0")) << job.all();
    EXPECT_TRUE(job.said("node0 closed 1") && job.said("node1 closed 1")) << job.all();
}

// libpmix does some of it by itself, within one node or always: good, as long as nobody waits.
TEST(Server, LetsNoRankWaitForWhatItDoesNotDo) {
    for (const int nodes : {1, 2}) {
        const Job job{nodes, 1, "unsupported"};
        for (int rank = 0; rank < nodes; ++rank) {
            const std::string who = "rank " + std::to_string(rank);
            for (const char* call : {"Spawn", "Lookup", "Lookup_waiting", "Publish", "Unpublish",
                                     "Group_construct", "Allocation_request", "Job_control",
                                     "Get_credential", "Get_of_no_rank", "Get_of_no_job"})
                EXPECT_TRUE(job.said(who + " PMIx_" + call + ": refused")) << call << " in\n"
                                                                           << job.all();
            const bool refused = job.said(who + " PMIx_Connect: refused");
            EXPECT_EQ(refused, nodes > 1) << job.all();
            EXPECT_TRUE(job.said("exit " + std::to_string(rank) + " code 0")) << job.all();
        }
        EXPECT_TRUE(job.said("node0 closed 1")) << job.all();
    }
}

}  // namespace
}  // namespace vrun::pmix
