// SPDX-License-Identifier: Apache-2.0
// The settings file of vrund. The lines are CLI11's, keys and values are ours.
#include "tests/fuzz/fuzz.hpp"

#include "daemon/options.hpp"
#include "wire/base/fd.hpp"

#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace vrun;
    static const UniqueFd file{check(::memfd_create("config", MFD_CLOEXEC), "memfd_create")};
    check(::ftruncate(file.get(), 0), "ftruncate");
    check(::pwrite(file.get(), data, size, 0), "pwrite");
    const std::string path = "/proc/self/fd/" + std::to_string(file.get());
    const auto options = daemon::parse_options(
        {{"--config", path}, [](const char*) { return std::optional<std::string>{}; }});
    if (!options) fuzz::require(!options.error().message().empty(), "an error says something");
    return 0;
}
