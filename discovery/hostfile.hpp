// SPDX-License-Identifier: Apache-2.0
// discovery/hostfile: host lists as people write them, to plain data.
// Hostfiles of Open MPI (`host slots=N max_slots=M`), Hydra (`host:N`) and bare names, mixed as
// they come; and the words of --host. Pure; all input is untrusted, memory stays within its size.
#pragma once

#include "wire/base/result.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace vrun::discovery {

struct HostEntry {
    std::string name;             // as first written, IPv6 without its brackets
    std::string user;             // of user@host: for reaching it by ssh; ranks run as the caller
    std::uint32_t slots = 0;      // 0: not given
    std::uint32_t max_slots = 0;  // 0: not given
    std::uint16_t port = 0;       // of its vrund, `port=N`; 0: not given
    std::size_t line = 0;         // of the first mention; 0: not from a file

    friend bool operator==(const HostEntry&, const HostEntry&) = default;
};

inline constexpr std::size_t hostfile_size_max = 64u << 20;

// The hosts in the order of their first mention. Mentions of one name (letter case aside) add their
// slots; one without a number counts 1 unless it is the only one. May be empty. `path` is for
// errors.
Result<std::vector<HostEntry>> parse_hostfile(std::string_view text, std::string_view path);

// "a:2,b,[fe80::1]:4,fe80::2": each bare mention adds one slot, `a:N` adds N. Not empty.
Result<std::vector<HostEntry>> host_words(std::string_view words);

// Letters, digits, '-', '_' and '.', or an IP address.
bool is_host_name(std::string_view name) noexcept;

}  // namespace vrun::discovery
