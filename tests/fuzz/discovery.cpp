// SPDX-License-Identifier: Apache-2.0
// The value of --discovery, and of the variables that slurm: reads.
#include "tests/fuzz/fuzz.hpp"

#include "discovery/slurm.hpp"
#include "discovery/source.hpp"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace vrun;
    const auto text = fuzz::text_of(data, size);
    const auto names = discovery::slurm_hostnames(text);
    fuzz::require(!names || !names->empty(), "an allocation has nodes");
    const auto counts = discovery::slurm_counts(text, 3);
    fuzz::require(!counts || counts->size() == 3, "a number for each node");
    const auto sources = discovery::parse_sources(text);
    if (!sources) return 0;
    for (const discovery::Source& source : *sources) {
        const auto again = discovery::parse_source(source.text);
        fuzz::require(again && *again == source, "a source is what its text says");
    }
    return 0;
}
