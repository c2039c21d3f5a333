// SPDX-License-Identifier: Apache-2.0
// discovery/system_files: what /etc/hosts and /etc/resolv.conf say, from their text.
// Pure. As in glibc, a line that makes no sense is passed over: these files have other readers too.
#pragma once

#include "wire/base/result.hpp"

#include <asio/ip/address.hpp>
#include <cstddef>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace vrun::discovery {

class HostsFile {
public:
    explicit HostsFile(std::string_view text);
    // All addresses of a name or alias, letter case aside, in the order of the file; null if none.
    const std::vector<asio::ip::address>* find(std::string_view name) const;

private:
    std::unordered_map<std::string, std::vector<asio::ip::address>>
        addresses_;  // by lower-case name
};

// The domains of the last `search` or `domain` line.
std::vector<std::string> search_list_of(std::string_view resolv_conf);

// A whole regular file, links followed. `doing` begins the Error.
Result<std::string> read_text_file(const std::string& path, std::size_t size_max,
                                   const std::string& doing);

}  // namespace vrun::discovery
