// SPDX-License-Identifier: Apache-2.0
#include "launcher/options/sections.hpp"
#include "launcher/options/values.hpp"

#include <array>

namespace vrun::launcher {
namespace {

// clang-format off
constexpr std::array table{
    Option{"host H", "LIST", openmpi, Scope::app,
           "run on these hosts: a,b:4 (repeatable; :4 means 4 slots)",
           [](Settings& s, std::string_view v) { return add_text(s.apps.back().host_words, v); }},
    Option{"hostfile machinefile", "FILE", openmpi, Scope::app,
           "run on the hosts of FILE, 'name slots=4' a line (repeatable)",
           [](Settings& s, std::string_view v) { return add_text(s.apps.back().host_files, v); }},
    Option{"hosts host hostlist machine machines machinelist", "LIST", hydra, Scope::job,
           "run on these hosts: a,b:4",
           [](Settings& s, std::string_view v) { return add_text(s.host_words, v); }},
    Option{"f hostfile machinefile", "FILE", hydra, Scope::job,
           "run on the hosts of FILE, 'name:4' a line",
           [](Settings& s, std::string_view v) { return add_text(s.host_files, v); }},
    Option{"default-hostfile", "FILE", openmpi, Scope::job,
           "run on the hosts of FILE if none are named otherwise",
           [](Settings& s, std::string_view v) { return set_text(s.default_host_file, v); }},
    Option{"nolocal", "", openmpi, Scope::job,
           "no process on the node where vrun is",
           [](Settings& s, std::string_view) { return set(s.placement.no_local); }},
    Option{"skip-launch-node", "", hydra, Scope::job,
           "the same as --nolocal",
           [](Settings& s, std::string_view) { return set(s.placement.no_local); }},
    refused("add-host add-hostfile", "HOSTS", openmpi5,
            "a host is there as soon as its vrund is; name the hosts of this job with --host"),
    refused("order-nodes", "ascending|descending", hydra,
            "hosts are taken in the order in which they are listed; list them as you want them"),
    noted("iface", "NAME", hydra,
          "the network that reaches the other hosts is found by itself ('vrun -v' says which)"),
    noted("localhost", "NAME", hydra, "daemons know their own names"),
    noted("do-not-resolve", "", openmpi, "vrund asks for names only where it has no address"),
    silent("enable-hostname-propagation disable-hostname-propagation", "", hydra,
           "each process sees the name of its own host"),
};
// clang-format on

}  // namespace

Section host_section() {
    return {"Which hosts", table};
}

}  // namespace vrun::launcher
