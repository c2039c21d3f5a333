// SPDX-License-Identifier: Apache-2.0
#include "launcher/options/sections.hpp"
#include "launcher/options/values.hpp"
#include "launcher/options/variables.hpp"

#include <array>

namespace vrun::launcher {
namespace {

// "ompi,slurm": a list, of which we know some.
std::optional<Error> set_personality(Settings& settings, std::string_view list) {
    for (const std::string_view name : parts_of(list, ',')) {
        const Dialects named = personality_named(name);
        if (named != 0) return set_to(settings.personality, named);
    }
    return Error{OptionErrc::not_a_personality, std::string{list}};
}

std::optional<Error> ask_for_help(Settings& settings, std::string_view topic) {
    settings.help_topic = topic;
    return set(settings.help);
}

// clang-format off
constexpr std::array table{
    Option{"personality", "ompi|ompi5|hydra", every_dialect, Scope::job,
           "whose meaning names have, and whose defaults hold (default: by vrun's own name, ompi)",
           [](Settings& s, std::string_view v) { return set_personality(s, v); }},
    Option{"socket", "PATH", every_dialect, Scope::job,
           "ask the daemon at this socket (default: $VRUN_SOCKET)",
           [](Settings& s, std::string_view v) { return set_text(s.socket.emplace(), v); }},
    Option{"quiet q", "", every_dialect, Scope::job,
           "no notes about what was accepted and does nothing",
           [](Settings& s, std::string_view) { return set(s.quiet); }},
    Option{"verbose v", "", every_dialect, Scope::job,
           "say where the processes run and over which network",
           [](Settings& s, std::string_view) { return set(s.verbose); }},
    Option{"timing", "", every_dialect, Scope::job,
           "say at the end how long each phase took",
           [](Settings& s, std::string_view) { return set(s.timing); }},
    Option{"version V", "", openmpi, Scope::job,
           "print the version and exit",
           [](Settings& s, std::string_view) { return set(s.version); }},
    Option{"version info", "", hydra, Scope::job,
           "print the version and exit",
           [](Settings& s, std::string_view) { return set(s.version); }},
    Option{"help h", "[TOPIC]", every_dialect, Scope::job,
           "print this text, or what there is about an option, and exit",
           [](Settings& s, std::string_view v) { return ask_for_help(s, v); }},
};
// clang-format on

}  // namespace

Section other_section() {
    return {"Other", table};
}

}  // namespace vrun::launcher
