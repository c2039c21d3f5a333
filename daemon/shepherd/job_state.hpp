// SPDX-License-Identifier: Apache-2.0
// daemon/shepherd/job_state: the life of a job, as data.
// Every transition is a row; a pair that has no row is refused, and the caller says so.
// `waiting` belongs to the controller, the rest to the job's root; the controller mirrors it.
#pragma once

#include <algorithm>
#include <array>
#include <optional>

namespace vrun::shepherd {

enum class State { waiting, launching, running, ending, draining, ended };
enum class Event { accepted, refused, cancelled, all_started, failed, lost, last_exited, all_done };
struct Transition {
    State from;
    Event event;
    State to;
};
// clang-format off
constexpr std::array transitions{
    Transition{State::waiting,   Event::accepted,    State::launching},
    Transition{State::waiting,   Event::refused,     State::ended},
    Transition{State::waiting,   Event::cancelled,   State::ended},
    Transition{State::launching, Event::all_started, State::running},
    Transition{State::launching, Event::failed,      State::ending},
    Transition{State::launching, Event::cancelled,   State::ending},
    Transition{State::launching, Event::lost,        State::ending},
    Transition{State::running,   Event::failed,      State::ending},
    Transition{State::running,   Event::cancelled,   State::ending},
    Transition{State::running,   Event::lost,        State::ending},
    Transition{State::running,   Event::last_exited, State::draining},
    Transition{State::ending,    Event::last_exited, State::draining},
    Transition{State::ending,    Event::lost,        State::draining},
    Transition{State::draining,  Event::all_done,    State::ended},
};
// clang-format on

constexpr std::optional<State> next(State from, Event event) {
    const auto row = std::ranges::find_if(
        transitions, [&](const Transition& t) { return t.from == from && t.event == event; });
    if (row == transitions.end()) return std::nullopt;
    return row->to;
}
static_assert(next(State::launching, Event::failed) == State::ending);
static_assert(!next(State::ended, Event::cancelled));

}  // namespace vrun::shepherd
