// SPDX-License-Identifier: Apache-2.0
// The text of a hostfile, of any launcher.
#include "tests/fuzz/fuzz.hpp"

#include "discovery/hostfile.hpp"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace vrun;
    const auto hosts = discovery::parse_hostfile(fuzz::text_of(data, size), "hosts");
    if (!hosts) {
        fuzz::require(hosts.error().doing.starts_with("hostfile hosts, line "),
                      "an error names the line");
        return 0;
    }
    for (const discovery::HostEntry& host : *hosts)
        fuzz::require(discovery::is_host_name(host.name) && host.line > 0,
                      "a host has a name and a line");
    return 0;
}
