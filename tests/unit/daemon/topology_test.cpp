// SPDX-License-Identifier: Apache-2.0
#include "daemon/topology.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>
#include <array>
#include <cstdlib>
#include <string>

namespace vrun::daemon {
namespace {

std::string content_of(int fd) {
    std::string text;
    std::array<char, 4096> part;
    for (ssize_t size; (size = ::read(fd, part.data(), part.size())) > 0;)
        text.append(part.data(), static_cast<std::size_t>(size));
    return text;
}

TEST(Topology, IsXmlThatEveryReaderReadsFromTheStart) {
    Topology topology;
    const UniqueFd first = topology.open(), second = topology.open();
    const std::string xml = content_of(first.get());
    EXPECT_TRUE(xml.starts_with("<?xml"));
    EXPECT_NE(xml.find("</topology>"), std::string::npos);
    EXPECT_EQ(xml.find('\0'), std::string::npos);
    EXPECT_EQ(content_of(second.get()), xml);
}

TEST(Topology, CannotBeChangedByWhoeverGetsIt) {
    Topology topology;
    const UniqueFd file = topology.open();
    EXPECT_LT(::write(file.get(), "x", 1), 0);
    const UniqueFd writable{
        ::open(("/proc/self/fd/" + std::to_string(file.get())).c_str(), O_WRONLY | O_CLOEXEC)};
    EXPECT_LT(::write(writable.get(), "x", 1), 0);
    EXPECT_NE(::fcntl(file.get(), F_GETFD) & FD_CLOEXEC, 0);
}

TEST(Topology, LeavesTheEnvironmentAsItWas) {
    ::unsetenv("HWLOC_COMPONENTS");
    Topology{}.open();
    EXPECT_EQ(::getenv("HWLOC_COMPONENTS"), nullptr);
}

}  // namespace
}  // namespace vrun::daemon
