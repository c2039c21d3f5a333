// SPDX-License-Identifier: Apache-2.0
// The text of a key file. Nothing of it may come back in an error: it may be another secret.
#include "tests/fuzz/fuzz.hpp"

#include "wire/tls/cluster_key.hpp"

#include <algorithm>

namespace vrun::fuzz {
namespace {

void check_error(const Error& error) {
    constexpr std::string_view start = "line ";
    if (error.code == wire::KeyErrc::no_key) return;
    require(error.code == wire::KeyErrc::bad_line && error.doing.starts_with(start) &&
                std::ranges::all_of(error.doing.substr(start.size()),
                                    [](char c) { return c >= '0' && c <= '9'; }),
            "an error names the line and nothing of its text");
}

}  // namespace
}  // namespace vrun::fuzz

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace vrun;
    const auto keys = wire::parse_keys(fuzz::text_of(data, size));
    if (!keys)
        fuzz::check_error(keys.error());
    else
        fuzz::require(!keys->empty(), "there is a key");
    return 0;
}
