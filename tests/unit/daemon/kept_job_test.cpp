// SPDX-License-Identifier: Apache-2.0
#include "daemon/detached/kept_job.hpp"

#include "wire/bytes.hpp"

#include <gtest/gtest.h>

namespace vrun::daemon {
namespace {

using wire::StreamId;

constexpr wire::JobId id = 7;

wire::LaunchJob launch_of(std::uint32_t ttl_ms) {
    wire::LaunchJob launch;
    launch.job = id;
    launch.identity.uid = 1000;
    launch.nodes = {{1, "a", "", 0, 2}, {2, "b", "", 0, 2}};
    launch.runs = {{0, 0, 2, 0}, {1, 2, 2, 0}};
    wire::App app;
    app.argv = {"./app", "x"};
    launch.apps = {app};
    launch.window = 8;
    launch.ttl_ms = ttl_ms;
    return launch;
}

KeptJob detached(wire::NodeIndex self = 0) {
    return KeptJob{launch_of(1000), self, Clock::time_point{}};
}

template <class Body>
Deliveries say(KeptJob& job, const Body& body) {
    return job.hear(wire::message_of(body, wire::Route{id, wire::to_controller, job.self()}));
}

Deliveries print(KeptJob& job, std::string_view text, StreamId stream = StreamId::out) {
    return say(job, wire::Output{0, stream, wire::bytes_of(text)});
}

// "Output ab, JobEnded; +2": what goes to the controller, and what credit to the shepherd.
std::string text_of(const Deliveries& deliveries) {
    std::string text;
    for (const wire::Message& message : deliveries.to_controller) {
        text += (text.empty() ? "" : ", ") + std::string{wire::traits_of(message.type).name};
        if (message.type != wire::MessageType::output) continue;
        const wire::Bytes bytes = wire::body_of<wire::Output>(message).bytes;
        text += " " + std::string{reinterpret_cast<const char*>(bytes.data()), bytes.size()};
    }
    for (const wire::Credit& credit : deliveries.to_shepherd)
        text += "; +" + std::to_string(credit.bytes);
    return text;
}

wire::JobEnded ended_with(int code) {
    wire::JobEnded ended;
    ended.exit_code = code;
    return ended;
}

TEST(KeptJob, GivesCreditBackAtOnceWhileNobodyReads) {
    KeptJob job = detached();
    EXPECT_EQ(text_of(print(job, "ab")), "; +2");
    EXPECT_EQ(text_of(say(job, wire::OutputEnd{2, 0})), "");
    EXPECT_EQ(text_of(job.take(/*reads=*/true)), "Output ab, OutputEnd");
}

TEST(KeptJob, PassesCreditOfTheReaderOn) {
    KeptJob job = detached();
    (void)job.take(true);
    EXPECT_EQ(text_of(print(job, "abcdef")), "Output abcdef");
    EXPECT_EQ(text_of(print(job, "ghij")), "");  // no window
    EXPECT_EQ(text_of(job.credit({StreamId::out, 6})), "Output ghij; +6");
    EXPECT_EQ(text_of(job.lose_reader()), "; +4");
    EXPECT_EQ(text_of(job.credit({StreamId::out, 4})), "");  // too late
    EXPECT_EQ(text_of(job.take(true)), "Output ghij");
}

TEST(KeptJob, GivesNoMoreCreditThanItGot) {
    KeptJob job = detached();
    (void)print(job, "abcd");
    EXPECT_EQ(text_of(job.take(true)), "Output abcd");
    EXPECT_EQ(text_of(job.credit({StreamId::out, 4})), "");  // was given when it came
}

TEST(KeptJob, TellsItsLastWordsAfterAllOutput) {
    KeptJob job = detached();
    (void)job.take(true);
    (void)print(job, "abcdef");
    (void)print(job, "ghij");
    EXPECT_EQ(text_of(say(job, wire::OutputEnd{10, 0})), "");
    EXPECT_EQ(text_of(say(job, ended_with(0))), "");
    (void)job.end_part();
    EXPECT_EQ(text_of(job.credit({StreamId::out, 6})), "Output ghij, OutputEnd, JobEnded");
    EXPECT_EQ(text_of(job.take(true)), "Output ghij, OutputEnd, JobEnded");  // not written yet
}

TEST(KeptJob, TellsTheControllerAtOnceThatItEndedWhenNobodyReads) {
    KeptJob job = detached();
    (void)print(job, "ab");
    EXPECT_EQ(text_of(say(job, ended_with(3))), "JobEnded");
    EXPECT_EQ(job.outcome()->exit_code, 3);
    (void)job.take(true);
    EXPECT_EQ(text_of(job.take(false)), "JobEnded");
}

TEST(KeptJob, TellsWhoComesLaterHowItStands) {
    KeptJob job = detached();
    EXPECT_EQ(text_of(say(job, wire::NodeNotice{})), "NodeNotice");
    EXPECT_EQ(text_of(say(job, wire::JobStarted{})), "JobStarted");
    EXPECT_EQ(text_of(say(job, wire::JobFailed{})), "JobFailed");
    EXPECT_EQ(text_of(job.take(true)), "NodeNotice, JobStarted, JobFailed");
    EXPECT_EQ(job.report({}).phase, wire::JobPhase::ending);
}

TEST(KeptJob, TellsHowMuchItDropped) {
    KeptJob job = detached();
    (void)print(job, "abc");
    (void)print(job, "de", StreamId::err);
    while (job.spool().drop_oldest()) {
    }
    const Deliveries told = job.take(true);
    ASSERT_EQ(told.to_controller.size(), 2u);
    const auto first = wire::body_of<wire::OutputDropped>(told.to_controller[0]);
    const auto second = wire::body_of<wire::OutputDropped>(told.to_controller[1]);
    EXPECT_EQ(first.stream, StreamId::out);
    EXPECT_EQ(first.bytes, 3u);
    EXPECT_EQ(second.bytes, 2u);
}

TEST(KeptJob, OfARootWhoseShepherdIsGoneSaysHowItEnded) {
    KeptJob job = detached();
    const wire::NodeLost lost{0, "a", "10.0.0.1", "its shepherd was killed by signal 9"};
    EXPECT_EQ(text_of(say(job, lost)), "NodeLost");
    (void)print(job, "ab");
    EXPECT_EQ(text_of(job.end_part()), "JobEnded");
    EXPECT_EQ(job.outcome()->exit_code, wire::exit_code::node_lost);
    EXPECT_EQ(job.outcome()->failure.text, lost.reason);
    EXPECT_EQ(text_of(job.take(true)), "Output ab, OutputEnd, JobEnded");
}

TEST(KeptJob, OfAnotherNodeHasNoOutcome) {
    KeptJob job = detached(1);
    EXPECT_EQ(text_of(job.end_part()), "");
    EXPECT_FALSE(job.outcome());
    EXPECT_EQ(text_of(job.take(true)), "OutputEnd");
}

TEST(KeptJob, ThatWasNotDetachedOnlyNotesItsState) {
    KeptJob job{launch_of(0), 0, Clock::time_point{}};
    job.note(wire::message_of(wire::JobStarted{}));
    EXPECT_EQ(job.report({}).phase, wire::JobPhase::running);
    job.note(wire::message_of(ended_with(1)));
    EXPECT_EQ(job.outcome()->exit_code, 1);
    EXPECT_EQ(text_of(job.end_part()), "");
}

TEST(KeptJob, ReportsWhatItIs) {
    KeptJob job = detached();
    const wire::JobReport report = job.report(Clock::time_point{} + std::chrono::seconds{3});
    EXPECT_EQ(report.owner, 1000u);
    EXPECT_EQ(report.program, "./app");
    EXPECT_EQ(report.age_ms, 3000u);
    EXPECT_EQ(report.phase, wire::JobPhase::launching);
    EXPECT_FALSE(report.attached);
}

}  // namespace
}  // namespace vrun::daemon
