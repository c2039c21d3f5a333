// SPDX-License-Identifier: Apache-2.0
// The value of --host.
#include "tests/fuzz/fuzz.hpp"

#include "discovery/hostfile.hpp"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace vrun;
    const auto hosts = discovery::host_words(fuzz::text_of(data, size));
    if (!hosts) return 0;
    fuzz::require(!hosts->empty(), "there is a host");
    for (const discovery::HostEntry& host : *hosts)
        fuzz::require(discovery::is_host_name(host.name) && host.slots > 0,
                      "a host has a name and slots");
    return 0;
}
