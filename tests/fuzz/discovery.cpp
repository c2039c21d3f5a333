// SPDX-License-Identifier: Apache-2.0
// The value of --discovery.
#include "tests/fuzz/fuzz.hpp"

#include "discovery/source.hpp"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace vrun;
    const auto sources = discovery::parse_sources(fuzz::text_of(data, size));
    if (!sources) return 0;
    for (const discovery::Source& source : *sources) {
        const auto again = discovery::parse_source(source.text);
        fuzz::require(again && *again == source, "a source is what its text says");
    }
    return 0;
}
