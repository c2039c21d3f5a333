// SPDX-License-Identifier: Apache-2.0
#include "process/cpu_set.hpp"

#include <gtest/gtest.h>

namespace vrun::process {
namespace {

CpuSet set_of(const char* text) {
    const auto set = CpuSet::of_text(text);
    EXPECT_TRUE(set) << text;
    return set.value_or(CpuSet{});
}

TEST(CpuSet, IsWrittenAsItIsRead) {
    for (const char* const text : {"", "0", "0-3,8", "63-64", "1,3,5", "65535"})
        EXPECT_EQ(set_of(text).text(), text);
    EXPECT_EQ(set_of("3,2,1,1-2").text(), "1-3");
    EXPECT_EQ(set_of("0-3,8").count(), 5u);
}

TEST(CpuSet, RefusesWhatIsNoList) {
    for (const char* const text : {",", "1,", "-1", "1-", "3-1", "a", "1 2", "65536", "0-99999999"})
        EXPECT_FALSE(CpuSet::of_text(text)) << text;
}

TEST(CpuSet, CountsAsSetsDo) {
    EXPECT_EQ((set_of("0-7") - set_of("4-100")).text(), "0-3");
    EXPECT_EQ((set_of("0-7") & set_of("4-100")).text(), "4-7");
    CpuSet both = set_of("1");
    both |= set_of("200");
    EXPECT_EQ(both.text(), "1,200");
    EXPECT_TRUE(both.includes(set_of("200")));
    EXPECT_FALSE(set_of("1").includes(both));
    EXPECT_TRUE(both.intersects(set_of("150-300")));
    EXPECT_FALSE(both.intersects(set_of("2-199")));
    EXPECT_TRUE((both - both).empty());
    EXPECT_EQ(both - set_of("200"), set_of("1"));  // whatever memory they have
}

TEST(CpuSet, SaysWhereThisProcessMayRun) {
    EXPECT_FALSE(allowed_cpus().empty());
}

}  // namespace
}  // namespace vrun::process
