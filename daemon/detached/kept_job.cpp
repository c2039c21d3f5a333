// SPDX-License-Identifier: Apache-2.0
#include "daemon/detached/kept_job.hpp"

#include "wire/job_map.hpp"

#include <algorithm>

namespace vrun::daemon {
namespace {

using wire::MessageType;
using wire::StreamId;

constexpr std::size_t told_max = 64;  // of notices and failures that a job survived
// Users' own words, kept for long and sent to whoever lists jobs.
constexpr std::size_t program_max = 256, failure_text_max = 2'048;

bool is_for_later(MessageType type) {
    return type == MessageType::job_started || type == MessageType::rank_failed ||
           type == MessageType::job_failed || type == MessageType::node_notice;
}

std::string shortened(std::string text, std::size_t max) {
    if (text.size() > max) text.replace(max, text.npos, "...");
    return text;
}

wire::Failure shortened(wire::Failure failure) {
    failure.text = shortened(std::move(failure.text), failure_text_max);
    failure.node_name = shortened(std::move(failure.node_name), failure_text_max);
    return failure;
}

std::string program_of(const wire::LaunchJob& launch) {
    std::string text;
    for (const wire::App& app : launch.apps)
        text += (text.empty() ? "" : " : ") + (app.argv.empty() ? "" : app.argv[0]);
    return shortened(std::move(text), program_max);
}

}  // namespace

KeptJob::KeptJob(const wire::LaunchJob& launch, wire::NodeIndex self, Clock::time_point now)
    : begun_{now}, spool_{launch.window} {
    report_.job = launch.job;
    report_.owner = launch.identity.uid;
    report_.self = self;
    report_.nodes = launch.nodes;
    report_.runs = launch.runs;
    report_.rank_count = wire::rank_count(launch.runs);
    report_.node_count = launch.nodes.size();
    report_.window = launch.window;
    report_.program = program_of(launch);
    report_.ttl_ms = launch.ttl_ms;
    report_.attached = launch.ttl_ms == 0;
    if (self != 0) report_.phase = wire::JobPhase::running;  // only the root knows better
}

Deliveries KeptJob::hear(wire::Message message) {
    Deliveries deliveries;
    note(message);
    if (is_for_later(message.type) && told_.size() < told_max) told_.push_back(message);
    keep_back(deliveries, std::move(message));
    return deliveries;
}

void KeptJob::note(const wire::Message& message) {
    switch (message.type) {
    case MessageType::job_started:
        report_.phase = std::max(report_.phase, wire::JobPhase::running);
        break;
    case MessageType::job_failed:
        fail(wire::body_of<wire::JobFailed>(message).failure);
        break;
    case MessageType::job_ended:
        outcome_ = wire::body_of<wire::JobEnded>(message);
        outcome_->failure = shortened(std::move(outcome_->failure));
        report_.phase = wire::JobPhase::ended;
        break;
    case MessageType::node_lost: {
        const auto lost = wire::body_of<wire::NodeLost>(message);
        if (lost.node == self())
            fail({wire::FailureKind::node_lost, lost.node, lost.name, false, 0, 0, lost.reason,
                  wire::exit_code::node_lost});
        break;
    }
    case MessageType::start_failed: {
        const auto failed = wire::body_of<wire::StartFailed>(message);
        fail({wire::FailureKind::not_started, self(), report_.nodes[self()].name, failed.has_rank,
              failed.rank, failed.error, failed.sentence, failed.exit_code});
        break;
    }
    default:
        break;
    }
}

// The first one counts.
void KeptJob::fail(const wire::Failure& failure) {
    if (report_.failure.kind == wire::FailureKind::none) report_.failure = shortened(failure);
    if (self() == 0) report_.phase = std::max(report_.phase, wire::JobPhase::ending);
}

void KeptJob::keep_back(Deliveries& deliveries, wire::Message message) {
    switch (message.type) {
    case MessageType::output: {
        auto output = wire::body_of<wire::Output>(message);
        const StreamId stream = output.stream;
        owed(stream) += output.bytes.size();
        spool_.add(std::move(output));
        if (!reads()) grant_all(deliveries);
        break;
    }
    case MessageType::output_end:
        end_ = wire::body_of<wire::OutputEnd>(message);
        break;
    case MessageType::job_ended:
        if (reads()) break;
        [[fallthrough]];
    default:
        deliveries.to_controller.push_back(std::move(message));
    }
    pump(deliveries);
}

Deliveries KeptJob::credit(const wire::Credit& credit) {
    Deliveries deliveries;
    if (!reads()) return deliveries;  // of one who left meanwhile: its units wait for the next
    spool_.credit(credit.stream, credit.bytes);
    grant(deliveries, credit.stream, credit.bytes);
    pump(deliveries);
    return deliveries;
}

void KeptJob::grant(Deliveries& deliveries, StreamId stream, std::uint64_t bytes) {
    std::uint64_t& owes = owed(stream);
    const std::uint64_t part = std::min(bytes, owes);
    owes -= part;
    if (part > 0 && !part_over_)
        deliveries.to_shepherd.push_back({stream, static_cast<std::uint32_t>(part)});
}

void KeptJob::grant_all(Deliveries& deliveries) {
    for (const StreamId stream : {StreamId::out, StreamId::err})
        grant(deliveries, stream, owed(stream));
}

Deliveries KeptJob::take(bool reads) {
    Deliveries deliveries = lose_reader();
    report_.attached = reads;
    if (reads)
        replay(deliveries);
    else if (outcome_)
        deliveries.to_controller.push_back(told(*outcome_));
    return deliveries;
}

Deliveries KeptJob::lose_reader() {
    Deliveries deliveries;
    report_.attached = false;
    spool_.rewind();
    is_end_sent_ = is_outcome_sent_ = false;
    grant_all(deliveries);
    return deliveries;
}

void KeptJob::replay(Deliveries& deliveries) {
    for (const wire::Message& message : told_)
        deliveries.to_controller.push_back(message);
    for (const StreamId stream : {StreamId::out, StreamId::err})
        if (const std::uint64_t bytes = spool_.dropped(stream); bytes > 0)
            deliveries.to_controller.push_back(told(wire::OutputDropped{stream, bytes}));
    pump(deliveries);
}

// The last words of a node come after all of its output.
void KeptJob::pump(Deliveries& deliveries) {
    if (!reads()) return;
    while (const auto output = spool_.next())
        deliveries.to_controller.push_back(told(*output));
    if (!spool_.is_all_sent()) return;
    if (end_ && !std::exchange(is_end_sent_, true)) deliveries.to_controller.push_back(told(*end_));
    if (outcome_ && !std::exchange(is_outcome_sent_, true))
        deliveries.to_controller.push_back(told(*outcome_));
}

// Without a last word of its shepherd, the node itself says how it ended.
Deliveries KeptJob::end_part() {
    Deliveries deliveries;
    part_over_ = true;
    const bool said_all = self() != 0 || outcome_;
    report_.phase = wire::JobPhase::ended;
    if (!end_) end_.emplace();
    if (!said_all) {
        if (report_.failure.kind == wire::FailureKind::none)
            fail({wire::FailureKind::node_lost, 0, report_.nodes[0].name, false, 0, 0,
                  "its shepherd ended", wire::exit_code::node_lost});
        outcome_ = wire::JobEnded{report_.failure.exit_code, report_.failure, {}};
        if (is_detached() && !reads()) deliveries.to_controller.push_back(told(*outcome_));
    }
    if (is_detached()) pump(deliveries);
    return deliveries;
}

wire::Scale KeptJob::scale() const {
    return {wire::rank_count(report_.runs), report_.nodes.size()};
}

wire::JobReport KeptJob::report(Clock::time_point now) const {
    wire::JobReport report = report_;
    const auto age = std::chrono::duration_cast<Milliseconds>(now - begun_);
    report.age_ms = static_cast<std::uint64_t>(age.count());
    if (outcome_) report.exit_code = outcome_->exit_code;
    if (outcome_) report.failure = outcome_->failure;
    return report;
}

}  // namespace vrun::daemon
