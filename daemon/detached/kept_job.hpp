// SPDX-License-Identifier: Apache-2.0
// daemon/detached/kept_job: a job's part on this node, as its daemon knows and keeps it.
// Pure: told what the node says to the controller and who takes the job, it answers what to send.
// Of a job that was not detached it only notes the state.
#pragma once

#include "daemon/detached/spool.hpp"
#include "daemon/liveness.hpp"
#include "wire/message.hpp"
#include "wire/messages/end.hpp"
#include "wire/messages/jobs.hpp"
#include "wire/messages/launch.hpp"
#include "wire/messages/notice.hpp"
#include "wire/messages/take.hpp"
#include "wire/messages/tolerance.hpp"

#include <vector>

namespace vrun::daemon {

struct Deliveries {
    std::vector<wire::Message> to_controller;
    std::vector<wire::Credit> to_shepherd;
};

class KeptJob {
public:
    KeptJob(const wire::LaunchJob& launch, wire::NodeIndex self, Clock::time_point now);

    // From our shepherd, or of this node, to the controller: notes what it says of the job.
    void note(const wire::Message& message);
    Deliveries hear(wire::Message message);         // the same, of a detached job
    Deliveries credit(const wire::Credit& credit);  // of who reads
    Deliveries take(bool reads);                    // by the same controller or a new one
    Deliveries lose_reader();                       // nothing more reaches the controller
    Deliveries end_part();                          // our shepherd is done with it, or gone

    bool is_detached() const noexcept { return report_.ttl_ms > 0; }
    bool is_part_over() const noexcept { return part_over_; }
    bool reads() const noexcept { return report_.attached; }
    std::uint32_t ttl_ms() const noexcept { return report_.ttl_ms; }
    std::uint32_t owner() const noexcept { return report_.owner; }
    wire::NodeIndex self() const noexcept { return report_.self; }

    // Of the root, once the job has ended.
    const std::optional<wire::JobEnded>& outcome() const noexcept { return outcome_; }
    wire::JobReport report(Clock::time_point now) const;  // without turn and controller

    wire::Scale scale() const;

    Spool& spool() noexcept { return spool_; }

private:
    void fail(const wire::Failure& failure);
    void keep_back(Deliveries& deliveries, wire::Message message);
    void replay(Deliveries& deliveries);
    void pump(Deliveries& deliveries);
    void grant(Deliveries& deliveries, wire::StreamId stream, std::uint64_t bytes);
    void grant_all(Deliveries& deliveries);
    std::uint64_t& owed(wire::StreamId stream) {
        return stream == wire::StreamId::err ? owed_err_ : owed_out_;
    }
    template <class Body>
    wire::Message told(const Body& body) const {
        return wire::message_of(body, wire::Route{report_.job, wire::to_controller, self()});
    }

    wire::JobReport report_;
    Clock::time_point begun_;
    Spool spool_;
    std::uint64_t owed_out_ = 0, owed_err_ = 0;  // that our shepherd has no credit back for
    std::vector<wire::Message> told_;            // notices and the like, for who comes later
    std::optional<wire::OutputEnd> end_;
    std::optional<wire::JobEnded> outcome_;
    bool is_end_sent_ = false, is_outcome_sent_ = false, part_over_ = false;
};

}  // namespace vrun::daemon
