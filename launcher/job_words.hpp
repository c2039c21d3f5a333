// SPDX-License-Identifier: Apache-2.0
// launcher/job_words: what vrun says about a job: its map, its failures, its end.
// Pure text from plain messages, without the leading "vrun: " and the line break.
// Names and texts of others are escaped here, so callers add nothing of theirs unescaped.
#pragma once

#include "wire/messages/answer.hpp"
#include "wire/messages/end.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace vrun::launcher {

using Lines = std::vector<std::string>;

// For -v: the job's id, each node with its ranks, the network between them.
Lines map_lines(wire::JobId job, const wire::JobAccepted& accepted);

// Who failed, where and how, then what may help. Empty for FailureKind::none.
Lines failure_lines(const wire::Failure& failure);

// What Python says of it, on standard error; and what the user can do about it.
bool lacks_python_module(const wire::Bytes& said);
std::string missing_module_line(const wire::Failure& failure, std::string_view program);

// "node b (10.1.0.2) is lost: silent for 12 s; ranks 2-3 of job 0a… ran there"
std::string node_lost_line(const wire::NodeLost& lost, wire::JobId job,
                           const wire::JobAccepted& accepted);

// "ranks 0-3, 8", "rank 5", "no rank"
std::string ranks_text(const std::vector<wire::RankRun>& runs, wire::NodeIndex node);

// "signal 9 (SIGKILL)"
std::string signal_text(int number);

// The kernel keeps 8 bits of an exit code; a failure must not become 0.
int exit_code_of(std::int32_t code);

// Text of several lines, each escaped.
Lines escaped_lines(std::string_view text);

}  // namespace vrun::launcher
