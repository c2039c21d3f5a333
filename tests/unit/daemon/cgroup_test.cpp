// SPDX-License-Identifier: Apache-2.0
#include "daemon/cgroup.hpp"
#include "daemon/resources.hpp"

#include <gtest/gtest.h>
#include <cstdlib>
#include <fstream>

namespace vrun::daemon {
namespace {

namespace fs = std::filesystem;

class FakeRoot : public testing::Test {
protected:
    FakeRoot() {
        std::string name = (fs::temp_directory_path() / "vrun-cgroup-XXXXXX").string();
        root_ = ::mkdtemp(name.data());
    }
    ~FakeRoot() override { fs::remove_all(root_); }

    void write(const std::string& path, const std::string& text) {
        fs::create_directories((root_ / path).parent_path());
        std::ofstream{root_ / path} << text;
    }
    void mounts(const std::string& cgroup, const std::string& mountinfo) {
        write("proc/self/cgroup", cgroup);
        write("proc/self/mountinfo", mountinfo);
    }

    fs::path root_;
};

constexpr const char* v2_mount =
    "30 24 0:26 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw\n";
constexpr const char* v1_mount =
    "31 24 0:27 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"
    "32 24 0:28 / /sys/fs/cgroup/cpu,cpuacct rw shared:10 - cgroup cgroup rw,cpu,cpuacct\n";

TEST(CpuQuota, ReadsBothFormats) {
    EXPECT_EQ(quota_of_cpu_max("150000 100000\n"), 1.5);
    EXPECT_EQ(quota_of_cpu_max("50000 100000"), 0.5);
    EXPECT_EQ(quota_of_cpu_max("max 100000\n"), std::nullopt);
    EXPECT_EQ(quota_of_cpu_max(""), std::nullopt);
    EXPECT_EQ(quota_of_cpu_max("100000"), std::nullopt);
    EXPECT_EQ(quota_of_cpu_max("100000 0"), std::nullopt);
    EXPECT_EQ(quota_of_cpu_max("x y"), std::nullopt);
    EXPECT_EQ(quota_of_cfs("200000\n", "100000\n"), 2);
    EXPECT_EQ(quota_of_cfs("-1\n", "100000\n"), std::nullopt);
    EXPECT_EQ(quota_of_cfs("", ""), std::nullopt);
}

TEST(CpuHierarchies, AreFoundInBothVersions) {
    EXPECT_EQ(cpu_hierarchies("0::/a/b\n", v2_mount),
              (std::vector<CpuHierarchy>{{2, "/sys/fs/cgroup", "a/b"}}));
    EXPECT_EQ(cpu_hierarchies("5:memory:/m\n4:cpu,cpuacct:/a\n", v1_mount),
              (std::vector<CpuHierarchy>{{1, "/sys/fs/cgroup/cpu,cpuacct", "a"}}));
}

TEST(CpuHierarchies, KnowThatAContainerMountsOnlyItsOwnPart) {
    const char* docker = "32 24 0:28 /docker/1234 /sys/fs/cgroup/cpu ro - cgroup cgroup rw,cpu\n";
    EXPECT_EQ(cpu_hierarchies("4:cpu:/docker/1234\n", docker).at(0).group, "");
    EXPECT_EQ(cpu_hierarchies("4:cpu:/docker/1234/inner\n", docker).at(0).group, "inner");
    EXPECT_EQ(cpu_hierarchies("4:cpu:/docker/12345\n", docker).at(0).group, "");
    EXPECT_EQ(cpu_hierarchies("0::/../../x\n", v2_mount).at(0).group, "");
}

TEST(CpuHierarchies, ReadEscapedPathsAndSkipBrokenLines) {
    EXPECT_EQ(
        cpu_hierarchies("0::/a\n", "1 2 0:3 / /a\\040b\\134 rw - cgroup2 c rw\n").at(0).mount_point,
        "/a b\\");
    EXPECT_TRUE(cpu_hierarchies("", "").empty());
    EXPECT_TRUE(cpu_hierarchies("0::/a\n:\n::\n4:cpu\n", "x\n - \n1 2 3 - cgroup2 a b\n").empty());
}

TEST_F(FakeRoot, WithoutAnyGroupHasNoQuota) {
    EXPECT_EQ(cpu_quota(root_), std::nullopt);
}

TEST_F(FakeRoot, TakesTheSmallestQuotaOfTheChain) {
    mounts("0::/a/b/c\n", v2_mount);
    write("sys/fs/cgroup/a/cpu.max", "300000 100000\n");
    write("sys/fs/cgroup/a/b/cpu.max", "150000 100000\n");
    write("sys/fs/cgroup/a/b/c/cpu.max", "max 100000\n");
    EXPECT_EQ(cpu_quota(root_), 1.5);
}

TEST_F(FakeRoot, ReadsTheMountPointItselfInsideAContainer) {
    mounts("0::/\n", v2_mount);
    write("sys/fs/cgroup/cpu.max", "50000 100000\n");
    EXPECT_EQ(cpu_quota(root_), 0.5);
}

TEST_F(FakeRoot, ReadsVersionOne) {
    mounts("4:cpu,cpuacct:/docker/x\n3:memory:/docker/x\n0::/ignored\n", v1_mount);
    write("sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us", "-1\n");
    write("sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us", "100000\n");
    write("sys/fs/cgroup/cpu,cpuacct/docker/x/cpu.cfs_quota_us", "250000\n");
    write("sys/fs/cgroup/cpu,cpuacct/docker/x/cpu.cfs_period_us", "100000\n");
    EXPECT_EQ(cpu_quota(root_), 2.5);
}

TEST(CpuQuota, OfThisMachineCanBeRead) {
    const auto quota = cpu_quota();
    EXPECT_TRUE(!quota || *quota > 0);
}

TEST(Slots, AreTheCoresWithinTheQuotaUnlessSet) {
    EXPECT_EQ(slots_of(4, std::nullopt, std::nullopt), (Slots{4, "4 cores"}));
    EXPECT_EQ(slots_of(1, std::nullopt, std::nullopt), (Slots{1, "1 core"}));
    EXPECT_EQ(slots_of(4, 1.5, std::nullopt), (Slots{2, "cpu quota 1.5"}));
    EXPECT_EQ(slots_of(4, 0.5, std::nullopt), (Slots{1, "cpu quota 0.5"}));
    EXPECT_EQ(slots_of(4, 2.0, std::nullopt), (Slots{2, "cpu quota 2"}));
    EXPECT_EQ(slots_of(4, 3.5, std::nullopt), (Slots{4, "4 cores"}));
    EXPECT_EQ(slots_of(4, 8.0, std::nullopt), (Slots{4, "4 cores"}));
    EXPECT_EQ(slots_of(2, 1e12, std::nullopt), (Slots{2, "2 cores"}));
    EXPECT_EQ(slots_of(0, std::nullopt, std::nullopt).count, 1u);
    EXPECT_EQ(slots_of(4, 1.5, 16), (Slots{16, "--slots"}));
    EXPECT_GE(core_count(process::allowed_cpus()), 1u);
}

}  // namespace
}  // namespace vrun::daemon
