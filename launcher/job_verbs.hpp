// SPDX-License-Identifier: Apache-2.0
// launcher/job_verbs: vrunctl's verbs about jobs: jobs, attach, wait, kill.
// Each is one request on a greeted link and what comes of it; the daemon finds the job.
// They complete with the exit code.
#pragma once

#include "launcher/terminal.hpp"
#include "wire/link.hpp"

#include <string>

namespace vrun::launcher {

asio::awaitable<int> list_jobs(wire::Link& link, const Terminal& terminal, bool as_json);
asio::awaitable<int> attach_job(wire::Link& link, std::string id);
asio::awaitable<int> await_job(wire::Link& link, const Terminal& terminal, std::string id);
asio::awaitable<int> kill_job(wire::Link& link, const Terminal& terminal, std::string id,
                              std::string signal);

}  // namespace vrun::launcher
