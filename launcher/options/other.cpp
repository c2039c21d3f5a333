// SPDX-License-Identifier: Apache-2.0
#include "launcher/options/sections.hpp"
#include "launcher/options/values.hpp"

#include <array>

namespace vrun::launcher {
namespace {

// clang-format off
constexpr std::array table{
    Option{"socket", "PATH", every_dialect, Scope::job,
           "ask the daemon at this socket (default: $VRUN_SOCKET)",
           [](Settings& s, std::string_view v) { return set_text(s.socket.emplace(), v); }},
    Option{"quiet q", "", every_dialect, Scope::job,
           "no notes about what was accepted and does nothing",
           [](Settings& s, std::string_view) { return set(s.quiet); }},
    Option{"verbose v", "", every_dialect, Scope::job,
           "say where the processes run and over which network",
           [](Settings& s, std::string_view) { return set(s.verbose); }},
    Option{"version V", "", every_dialect, Scope::job,
           "print the version and exit",
           [](Settings& s, std::string_view) { return set(s.version); }},
    Option{"help h", "", every_dialect, Scope::job,
           "print this text and exit",
           [](Settings& s, std::string_view) { return set(s.help); }},
};
// clang-format on

}  // namespace

Section other_section() {
    return {"Other", table};
}

}  // namespace vrun::launcher
