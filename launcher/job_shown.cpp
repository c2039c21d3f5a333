// SPDX-License-Identifier: Apache-2.0
// What a job session only shows: plans and bindings.
#include "launcher/job_session.hpp"
#include "wire/base/escape.hpp"
#include "wire/messages/launch.hpp"

namespace vrun::launcher {

using wire::Message;

void JobSession::on_shown_plan(const Message& message) {
    const auto plan = wire::body_of<wire::ShownPlan>(message);
    for (const std::string& line : escaped_lines(plan.text))
        output_.print(wire::StreamId::out, line);
    if (plan.is_all) decide(0);
}

void JobSession::on_rank_bindings(const Message& message) {
    for (const std::string& line : wire::body_of<wire::RankBindings>(message).lines)
        output_.print(wire::StreamId::err, escaped(line));
}

}  // namespace vrun::launcher
