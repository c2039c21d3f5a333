// SPDX-License-Identifier: Apache-2.0
#include "process/descriptors.hpp"

#include "wire/base/fd.hpp"

#include <fcntl.h>
#include <sys/resource.h>
#include <cerrno>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

namespace vrun::process {
namespace {

std::string sentence(std::size_t wanted, std::size_t found) {
    rlimit limit{};
    ::getrlimit(RLIMIT_NOFILE, &limit);
    return "find room for " + std::to_string(wanted) +
           " file descriptors: " + std::to_string(wanted - found) + " too few, as " +
           std::to_string(limit.rlim_cur) +
           " are allowed here (ulimit -n; LimitNOFILE= of a unit, --ulimit nofile= of a "
           "container)";
}

}  // namespace

void require_descriptors(std::size_t count) {
    std::vector<UniqueFd> places;
    places.reserve(count);
    while (places.size() < count) {
        UniqueFd place{::open("/", O_PATH | O_CLOEXEC)};
        const int error = errno;
        if (!place.is_open())
            throw std::system_error{error, std::system_category(), sentence(count, places.size())};
        places.push_back(std::move(place));
    }
}

}  // namespace vrun::process
