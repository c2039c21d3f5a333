// SPDX-License-Identifier: Apache-2.0
#include "wire/speech.hpp"

#include <algorithm>
#include <array>

namespace vrun::wire {
namespace {

using enum MessageType;

constexpr std::array of_clients{hello,      goodbye,   submit_job, list_hosts, examine_hosts,
                                credit,     input,     input_end,  signal,     end_job,
                                job_closed, file_data, get_state,  job_command};
// Besides the messages of jobs.
constexpr std::array of_daemons{hello,      goodbye,     node_info, get_topology, topology,
                                get_health, health,      beat,      get_jobs,     job_reports,
                                await_job,  job_outcome, kill_job};
constexpr std::array of_shepherds{hello, goodbye, shepherd_ready, beat};
// Of jobs, but not for a shepherd to say: it serves one, starts none, and takes none away.
constexpr std::array of_controllers{launch_job, start_ranks, take_job, job_taken, output_dropped};

template <class Types>
bool contains(const Types& types, MessageType type) noexcept {
    return std::ranges::find(types, type) != types.end();
}

}  // namespace

bool may_say(Role role, MessageType type) noexcept {
    const bool is_of_a_job = traits_of(type).routed;
    switch (role) {
    case Role::launcher:
    case Role::control:
        return contains(of_clients, type);
    case Role::daemon:
        return is_of_a_job || contains(of_daemons, type);
    case Role::shepherd:
        return is_of_a_job ? !contains(of_controllers, type) : contains(of_shepherds, type);
    }
    return false;
}

ScaleOf said_by(Role role, ScaleOf scale_of) {
    return [role, scale_of = std::move(scale_of)](MessageType type, Route route,
                                                  std::span<const std::byte> start) {
        if (!may_say(role, type))
            throw std::system_error{std::make_error_code(std::errc::operation_not_permitted),
                                    "hear " + std::string{traits_of(type).name}};
        return scale_of(type, route, start);
    };
}

std::optional<Scale> no_scale(MessageType, Route, std::span<const std::byte>) {
    return Scale{};
}

}  // namespace vrun::wire
