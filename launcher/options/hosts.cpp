// SPDX-License-Identifier: Apache-2.0
#include "launcher/options/sections.hpp"
#include "launcher/options/values.hpp"

#include <array>

namespace vrun::launcher {
namespace {

// clang-format off
constexpr std::array table{
    Option{"host H", "LIST", openmpi, Scope::job,
           "run on these hosts: a,b:4 (repeatable; :4 means 4 slots)",
           [](Settings& s, std::string_view v) { return add_text(s.host_words, v); }},
    Option{"hostfile machinefile", "FILE", every_dialect, Scope::job,
           "run on the hosts of FILE, 'name slots=4' a line (repeatable)",
           [](Settings& s, std::string_view v) { return add_text(s.host_files, v); }},
};
// clang-format on

}  // namespace

Section host_section() {
    return {"Which hosts", table};
}

}  // namespace vrun::launcher
