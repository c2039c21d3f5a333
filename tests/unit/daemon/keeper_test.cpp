// SPDX-License-Identifier: Apache-2.0
#include "daemon/detached/keeper.hpp"

#include "wire/bytes.hpp"
#include "wire/job_id.hpp"

#include <gtest/gtest.h>
#include <algorithm>
#include <asio/io_context.hpp>

namespace vrun::daemon {
namespace {

constexpr wire::Incarnation ours = 5;
constexpr std::size_t spool_max = 1'000;

struct NoPeers final : PeerEvents {
    void on_peer_message(Peer&, wire::Message) override {}
    void on_peer_gone(wire::Incarnation, const Parting&) override {}
};

wire::LaunchJob launch_of(wire::JobId id, std::uint32_t uid = 1000) {
    wire::LaunchJob launch;
    launch.job = id;
    launch.identity.uid = uid;
    launch.controller = ours;
    launch.nodes = {{ours, "a", "", 0, 2}};
    launch.runs = {{0, 0, 2, 0}};
    launch.apps.emplace_back().argv = {"./app"};
    launch.window = 100;
    launch.ttl_ms = 3'600'000;
    return launch;
}

// We are the job's only node, and its controller.
class KeeperTest : public testing::Test {
protected:
    Job& begin(const wire::LaunchJob& launch) {
        Job& job = jobs_.add(launch.job);
        job.self = 0;
        job.nodes = launch.nodes;
        keeper_.begin(launch, 0);
        return job;
    }
    template <class Body>
    void say(Job& job, const Body& body) {
        auto message = wire::message_of(body, wire::Route{job.id, wire::to_controller, 0});
        EXPECT_TRUE(keeper_.keep(job, message));
    }
    void take(wire::JobId id, wire::Incarnation who, std::uint32_t turn, bool reads = true) {
        const wire::Route route{id, 0, wire::to_controller};
        keeper_.take(who, wire::message_of(wire::TakeJob{turn, reads, "x"}, route));
    }
    std::size_t heard(wire::MessageType type) const {
        return static_cast<std::size_t>(std::ranges::count(heard_, type, &wire::Message::type));
    }

    // How often our own controller heard that it has the job, or that another one has it.
    std::size_t heard_taken(bool by_us) const {
        const auto is_so = [by_us](const wire::Message& message) {
            return message.type == wire::MessageType::job_taken &&
                   (wire::body_of<wire::JobTaken>(message).controller == ours) == by_us;
        };
        return static_cast<std::size_t>(std::ranges::count_if(heard_, is_so));
    }

    asio::io_context loop_;
    NoPeers nobody_;
    Log log_{"test", process::LogLevel::error};
    Peers peers_{loop_.get_executor(), {}, nobody_, log_};
    JobTable jobs_;
    std::vector<wire::Message> heard_;  // by our own controller
    std::vector<wire::JobOutcome> outcomes_;
    Keeper keeper_{loop_.get_executor(),
                   {ours, "a", spool_max},
                   jobs_,
                   peers_,
                   {[this](wire::JobId, wire::Message message) { heard_.push_back(message); },
                    [](Job&, wire::Incarnation) {},
                    [this](const wire::JobOutcome& outcome) { outcomes_.push_back(outcome); }}};
};

TEST_F(KeeperTest, TellsOfJobsToTheirOwnersAndRoot) {
    begin(launch_of(1));
    begin(launch_of(2, 2000));
    EXPECT_EQ(keeper_.reports(1000, "").size(), 1u);
    EXPECT_EQ(keeper_.reports(2000, "").front().job, 2u);
    EXPECT_EQ(keeper_.reports(0, "").size(), 2u);
    EXPECT_EQ(keeper_.reports(0, wire::id_text(2)).size(), 1u);
    EXPECT_TRUE(keeper_.reports(3000, "").empty());
}

// A thousand jobs of a thousand nodes are listed by each of these.
TEST_F(KeeperTest, IsBriefInLists) {
    wire::LaunchJob launch = launch_of(1);
    launch.nodes.push_back({ours + 1, "b", "", 0, 2});
    launch.apps[0].argv[0] = std::string(30'000'000, 'x');
    Job& job = begin(launch);
    wire::JobEnded ended{1, {}, {}};
    ended.failure.text = std::string(60'000, 'y');
    say(job, ended);
    const wire::JobReport in_list = keeper_.reports(0, "").front();
    const wire::JobReport alone = keeper_.reports(0, wire::id_text(1)).front();
    EXPECT_TRUE(in_list.runs.empty());
    EXPECT_EQ(in_list.nodes.size(), 2u) << "we are the root";
    EXPECT_EQ(in_list.rank_count, 2u);
    EXPECT_EQ(alone.runs.size(), 1u);
    EXPECT_LT(in_list.program.size() + in_list.failure.text.size(), 4'096u);
    keeper_.begin(launch, 1);
    EXPECT_EQ(keeper_.reports(0, "").front().nodes.size(), 1u);
    EXPECT_EQ(keeper_.reports(0, "").front().node_count, 2u);
    EXPECT_EQ(keeper_.reports(0, wire::id_text(1)).front().nodes.size(), 2u);
}

TEST_F(KeeperTest, RemembersAThousandEndedJobs) {
    for (wire::JobId id = 1; id <= ended_jobs_max + 3; ++id) {
        begin(launch_of(id));
        keeper_.end_part(id);
    }
    EXPECT_EQ(keeper_.reports(0, "").size(), ended_jobs_max);
    EXPECT_TRUE(keeper_.reports(0, wire::id_text(3)).empty());
    EXPECT_FALSE(keeper_.reports(0, wire::id_text(4)).empty());
    keeper_.stop();
}

TEST_F(KeeperTest, ForgetsAnInteractiveJobAtItsEnd) {
    wire::LaunchJob launch = launch_of(1);
    launch.ttl_ms = 0;
    begin(launch);
    keeper_.await(1, ours);
    keeper_.end_part(1);
    EXPECT_TRUE(keeper_.reports(0, "").empty());
    ASSERT_EQ(outcomes_.size(), 1u);
    EXPECT_TRUE(outcomes_.front().is_known);
}

TEST_F(KeeperTest, OfTwoThatTakeAJobAtOnceTheHigherHasIt) {
    begin(launch_of(1));
    take(1, ours, 1);
    EXPECT_EQ(heard_taken(/*by_us=*/true), 1u);
    take(1, ours + 2, 1);
    EXPECT_EQ(heard_taken(/*by_us=*/false), 1u);
    take(1, ours, 1);  // we come too late
    EXPECT_EQ(heard_taken(/*by_us=*/false), 2u);
    take(1, ours, 2);
    EXPECT_EQ(heard_taken(/*by_us=*/true), 2u);
    EXPECT_EQ(heard_taken(/*by_us=*/false), 2u);
    EXPECT_EQ(keeper_.reports(0, "").front().turn, 2u);
    EXPECT_TRUE(keeper_.reports(0, "").front().attached);
    take(1, ours, 2, /*reads=*/false);
    EXPECT_FALSE(keeper_.reports(0, "").front().attached);
}

TEST_F(KeeperTest, SaysWhatItDoesNotKnow) {
    take(9, ours, 1);
    ASSERT_EQ(heard(wire::MessageType::node_lost), 1u);
    keeper_.await(9, ours);
    ASSERT_EQ(outcomes_.size(), 1u);
    EXPECT_FALSE(outcomes_.front().is_known);
}

TEST_F(KeeperTest, BoundsWhatAJobKeeps) {
    Job& job = begin(launch_of(1));
    for (int i = 0; i < 50; ++i)
        say(job, wire::Output{0, wire::StreamId::out, wire::Bytes(100)});
    take(1, ours, 1);
    ASSERT_EQ(heard(wire::MessageType::output_dropped), 1u);
    EXPECT_EQ(heard_.front().type, wire::MessageType::job_taken) << "before all of its turn";
    const auto dropped = wire::body_of<wire::OutputDropped>(heard_.at(1));
    const std::size_t kept = spool_max / (100 + Spool::unit_overhead);
    EXPECT_EQ(dropped.bytes, (50 - kept) * 100);
    EXPECT_EQ(heard(wire::MessageType::output), 1u);  // its window
}

TEST_F(KeeperTest, BoundsWhatAllJobsKeepTogether) {
    for (wire::JobId id = 1; id <= 2 * full_spools; ++id) {
        Job& job = begin(launch_of(id));
        for (int i = 0; i < 10; ++i)
            say(job, wire::Output{0, wire::StreamId::out, wire::Bytes(100)});
    }
    std::uint64_t kept = 0;
    for (wire::JobId id = 1; id <= 2 * full_spools; ++id) {
        heard_.clear();
        take(id, ours, 1);
        std::uint64_t dropped = 0;
        for (const wire::Message& message : heard_)
            if (message.type == wire::MessageType::output_dropped)
                dropped = wire::body_of<wire::OutputDropped>(message).bytes;
        kept += 10 * 100 - dropped;
    }
    EXPECT_LE(kept, full_spools * spool_max);
    EXPECT_GT(kept, full_spools * spool_max / 4);
}

}  // namespace
}  // namespace vrun::daemon
