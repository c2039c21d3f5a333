// SPDX-License-Identifier: Apache-2.0
// discovery/source: one word of --discovery, as plain data.
// dns:NAME[:PORT], srv:NAME, slurm:, hosts:WORDS (as for --host), file:PATH.
// Pure: nothing is looked up or opened here.
#pragma once

#include "discovery/hostfile.hpp"
#include "wire/base/result.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace vrun::discovery {

inline constexpr std::uint16_t default_port = 7117;

struct Source {
    enum class Kind : std::uint8_t { dns, srv, slurm, hosts, file };

    Kind kind;
    std::string text;              // as written: "dns:tasks.worker"
    std::string name;              // dns:, srv: the name; file: the path
    std::vector<HostEntry> hosts;  // of hosts:
    std::uint16_t port = 0;        // of dns:; 0: not given

    friend bool operator==(const Source&, const Source&) = default;
};

Result<Source> parse_source(std::string_view word);

// VRUN_DISCOVERY: sources with commas between them. A comma before a word that names no kind of
// source belongs to the source before it: "hosts:a,b,dns:tasks.worker" is two.
Result<std::vector<Source>> parse_sources(std::string_view words);

}  // namespace vrun::discovery
