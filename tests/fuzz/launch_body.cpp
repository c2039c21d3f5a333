// SPDX-License-Identifier: Apache-2.0
// The body of LaunchJob as it travels, compressed or not. What is accepted is sound.
#include "tests/fuzz/fuzz.hpp"

#include "daemon/launch_body.hpp"
#include "wire/job_map.hpp"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace vrun;
    const auto bytes = fuzz::bytes_of(data, size);
    const auto launch = daemon::unpack(bytes);
    if (!launch) return 0;
    const auto claim = daemon::claimed_scale(bytes);
    const wire::Scale scale = wire::scale_of(*launch);
    fuzz::require(claim && claim->ranks == scale.ranks && claim->nodes == scale.nodes,
                  "the claim in front is true");
    const auto again = daemon::unpack(daemon::pack(*launch));
    fuzz::require(again && wire::to_bytes(*again) == wire::to_bytes(*launch),
                  "what is passed on is what came");
    return 0;
}
