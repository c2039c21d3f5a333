// SPDX-License-Identifier: Apache-2.0
#include "process/memory.hpp"

#include <gtest/gtest.h>
#include <unistd.h>
#include <vector>

namespace vrun::process {
namespace {

constexpr std::size_t MiB = 1u << 20;

TEST(ResidentSize, GrowsWithMemoryThatIsUsed) {
    const std::size_t before = resident_size(::getpid());
    EXPECT_GT(before, MiB / 4);
    const std::vector<char> used(64 * MiB, 'x');
    EXPECT_GE(resident_size(::getpid()), before + 60 * MiB);
}

TEST(ResidentSize, IsZeroOfNobody) {
    EXPECT_EQ(resident_size(0), 0u);
}

}  // namespace
}  // namespace vrun::process
