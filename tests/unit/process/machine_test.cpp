// SPDX-License-Identifier: Apache-2.0
#include "process/machine.hpp"

#include <gtest/gtest.h>

namespace vrun::process {
namespace {

using wire::Object;

CpuSet set_of(const char* text) {
    return CpuSet::of_text(text).value_or(CpuSet{});
}

const Machine& two_packages() {
    static const Machine machine = Machine::synthetic("pack:2 [numa] l3:1 core:2 pu:2").value();
    return machine;
}

TEST(Machine, KnowsItsObjectsInOrder) {
    const Machine& machine = two_packages();
    EXPECT_EQ(machine.cpus().text(), "0-7");
    EXPECT_EQ(machine.objects(Object::package).size(), 2u);
    EXPECT_EQ(machine.objects(Object::package)[1].text(), "4-7");
    EXPECT_EQ(machine.objects(Object::numa).size(), 2u);
    EXPECT_EQ(machine.objects(Object::core)[3].text(), "6-7");
    EXPECT_EQ(machine.objects(Object::hwthread).size(), 8u);
    EXPECT_TRUE(machine.objects(Object::l2cache).empty());
    EXPECT_EQ(machine.units_in(set_of("4-7"), /*hwthreads=*/false), 2u);
    EXPECT_EQ(machine.units_in(set_of("4-7"), /*hwthreads=*/true), 4u);
}

TEST(Machine, RestrictedHasOnlyWhatIsLeft) {
    const Machine rest = two_packages().restricted(set_of("3-5"));
    EXPECT_EQ(rest.cpus().text(), "3-5");
    ASSERT_EQ(rest.objects(Object::core).size(), 2u);
    EXPECT_EQ(rest.objects(Object::core)[0].text(), "3");
    EXPECT_EQ(rest.objects(Object::core)[1].text(), "4-5");
    EXPECT_TRUE(rest.restricted(set_of("0")).objects(Object::core).empty());
}

TEST(Machine, DescribesBindingsAsOpenMpiDoes) {
    const Machine& machine = two_packages();
    EXPECT_EQ(machine.described(set_of("0-1")), "socket 0[core 0[hwt 0-1]]: [BB/..][../..]");
    EXPECT_EQ(machine.described(set_of("3,4-5")),
              "socket 0[core 1[hwt 1]], socket 1[core 2[hwt 0-1]]: [../.B][BB/..]");
    EXPECT_EQ(machine.described(set_of("0-7")), "");
}

TEST(Machine, RefusesWhatIsNoTopology) {
    EXPECT_FALSE(Machine::of_xml(""));
    EXPECT_FALSE(Machine::of_xml("<topology>"));
    EXPECT_FALSE(Machine::synthetic("nonsense:2"));
}

}  // namespace
}  // namespace vrun::process
