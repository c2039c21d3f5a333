// SPDX-License-Identifier: Apache-2.0
#include "discovery/slurm.hpp"

#include "discovery/errors.hpp"
#include "wire/base/handle.hpp"

#include <gtest/gtest.h>
#include <unistd.h>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <map>

namespace vrun::discovery {
namespace {

using Names = std::vector<std::string>;

struct Row {
    const char* list;
    Names names;
};

const std::vector<Row> rows{
    {"login", {"login"}},
    {"a,b,a", {"a", "b", "a"}},
    {" a , b,,", {"a", "b"}},
    {"n[1-3]", {"n1", "n2", "n3"}},
    {"n[1-3,05-07,11]", {"n1", "n2", "n3", "n05", "n06", "n07", "n11"}},
    {"n[08-10]", {"n08", "n09", "n10"}},
    {"n[099-101],x", {"n099", "n100", "n101", "x"}},
    {"n[9-011]", {"n9", "n10", "n11"}},
    {"n[1,1]", {"n1", "n1"}},
    {"r[1-2]n[3-4]", {"r1n3", "r1n4", "r2n3", "r2n4"}},
    {"n[1-2][3-4]", {"n13", "n14", "n23", "n24"}},
    {"a[0-1]b[2-3]c[4-5]",
     {"a0b2c4", "a0b2c5", "a1b2c4", "a1b2c5", "a0b3c4", "a0b3c5", "a1b3c4", "a1b3c5"}},
};

TEST(SlurmHostnames, AreExpandedInSlurmsOrder) {
    for (const Row& row : rows) {
        const auto names = slurm_hostnames(row.list);
        ASSERT_TRUE(names) << row.list << ": " << names.error().message();
        EXPECT_EQ(*names, row.names) << row.list;
    }
    EXPECT_EQ(*slurm_hostnames("n[1-2]-ib"), (Names{"n1-ib", "n2-ib"}));  // scontrol knows none
    EXPECT_EQ(slurm_hostnames("n[1-100000]")->size(), 100'000u);
}

Names lines_of(const std::string& command) {
    Names lines;
    const Handle<FILE, ::pclose> pipe{::popen(command.c_str(), "r")};
    char line[300];
    while (pipe && ::fgets(line, sizeof line, pipe.get())) {
        lines.emplace_back(line);
        lines.back().pop_back();
    }
    return lines;
}

TEST(SlurmHostnames, AreThoseOfScontrol) {
    if (lines_of("command -v scontrol").empty()) GTEST_SKIP() << "Slurm is not installed";
    std::string path = "/tmp/vrun-slurm-test.XXXXXX";
    ::close(::mkstemp(path.data()));
    std::ofstream{path} << "ClusterName=test\nSlurmctldHost=localhost\n";
    for (const Row& row : rows)
        EXPECT_EQ(lines_of("SLURM_CONF=" + path + " scontrol show hostnames '" + row.list + "'"),
                  row.names)
            << row.list;
    ::unlink(path.c_str());
}

TEST(SlurmHostnames, ThatAreWrongAreNamedWithTheReason) {
    const std::vector<std::pair<const char*, Errc>> wrong{
        {"", Errc::no_hosts},
        {" , ", Errc::no_hosts},
        {"n[1", Errc::bad_slurm_list},
        {"n[]", Errc::bad_slurm_list},
        {"n[1-]", Errc::bad_slurm_list},
        {"n[-1]", Errc::bad_slurm_list},
        {"n[3-1]", Errc::bad_slurm_list},
        {"n[a-b]", Errc::bad_slurm_list},
        {"n[1-3/2]", Errc::bad_slurm_list},
        {"n[1-99999999999999999999]", Errc::bad_slurm_list},
        {"n]", Errc::bad_host_name},
        {"n;x", Errc::bad_host_name},
        {"n[1-999999999999]", Errc::too_many_hosts},
        {"n[1-99999999][1-99999999]", Errc::too_many_hosts},
    };
    for (const auto& [list, code] : wrong) {
        const auto names = slurm_hostnames(list);
        ASSERT_FALSE(names) << list;
        EXPECT_EQ(names.error().code, code) << list << ": " << names.error().message();
    }
}

TEST(SlurmHostnames, AreCountedBeyond64Bits) {
    std::string ranges;
    for (int i = 0; i < 18; ++i)
        ranges += "0-999999999999999999,";
    ranges += "0-446744073709551615";  // with those before it: 2^64
    for (const std::string& list : {"n[" + ranges + "]", "n[" + ranges + "][1-2]"}) {
        const auto names = slurm_hostnames(list);
        ASSERT_FALSE(names) << list;
        EXPECT_EQ(names.error().code, Errc::too_many_hosts) << names.error().message();
    }
}

TEST(SlurmHostnames, WrittenInFullAlwaysFit) {
    constexpr std::size_t many = 500'000;
    std::string list;
    for (std::size_t i = 0; i < many; ++i)
        list += "a,";
    const auto names = slurm_hostnames(list);
    ASSERT_TRUE(names) << names.error().message();
    EXPECT_EQ(names->size(), many);
    EXPECT_EQ(slurm_hostnames("a[1-500000]").error().code, Errc::too_many_hosts);
    EXPECT_EQ(slurm_hostnames("a[1-100000]")->back(), "a100000");
}

TEST(SlurmCounts, AreOneForEachNode) {
    using Counts = std::vector<std::uint32_t>;
    EXPECT_EQ(*slurm_counts("2(x3),1", 4), (Counts{2, 2, 2, 1}));
    EXPECT_EQ(*slurm_counts("72", 1), Counts{72});
    for (const char* wrong : {"", "2", "2(x4)", "2(x2", "2(x)", "0(x3)", "x(x3)", "2(x3),", "1,1",
                              "2(x99999999999999999999)", "4294967296(x3)"})
        EXPECT_FALSE(slurm_counts(wrong, wrong == std::string{"2(x3),"} ? 4 : 3)) << wrong;
}

using Variables = std::map<std::string, std::string>;

Result<std::vector<HostEntry>> hosts_of(const Variables& variables) {
    return slurm_hosts([&](const char* name) {
        const auto found = variables.find(name);
        return found == variables.end() ? std::nullopt : std::optional{found->second};
    });
}

std::vector<std::uint32_t> slots_of(const Variables& variables) {
    std::vector<std::uint32_t> slots;
    const auto hosts = hosts_of(variables);
    EXPECT_TRUE(hosts) << hosts.error().message();
    if (hosts)
        for (const HostEntry& host : *hosts)
            slots.push_back(host.slots);
    return slots;
}

TEST(SlurmHosts, HaveTheSlotsOfTheAllocation) {
    using Slots = std::vector<std::uint32_t>;
    const auto with = [](Variables more) {
        more.emplace("SLURM_JOB_NODELIST", "n[1-2],big");
        return more;
    };
    EXPECT_EQ(slots_of(with({})), (Slots{0, 0, 0}));
    EXPECT_EQ(slots_of(with({{"SLURM_TASKS_PER_NODE", "2(x2),8"}})), (Slots{2, 2, 8}));
    EXPECT_EQ(slots_of(with({{"SLURM_TASKS_PER_NODE", "2(x2),8"}, {"SLURM_CPUS_PER_TASK", "4"}})),
              (Slots{8, 8, 32}));
    EXPECT_EQ(slots_of(with({{"SLURM_JOB_CPUS_PER_NODE", "36(x2),72"}})), (Slots{36, 36, 72}));
    EXPECT_EQ(slots_of(with({{"SLURM_TASKS_PER_NODE", "1(x3)"},  // srun --ntasks-per-node=1 vrund
                             {"SLURM_STEP_ID", "0"},
                             {"SLURM_JOB_CPUS_PER_NODE", "36(x2),72"}})),
              (Slots{36, 36, 72}));
    EXPECT_EQ(slots_of({{"SLURM_NODELIST", "n[1-2]"}}), (Slots{0, 0}));
}

TEST(SlurmHosts, NameTheVariableThatIsWrong) {
    const auto message = [](const Variables& variables) {
        const auto hosts = hosts_of(variables);
        return hosts ? "no error" : hosts.error().message();
    };
    EXPECT_EQ(message({}),
              "SLURM_JOB_NODELIST: not set: this daemon was not started in a Slurm allocation");
    EXPECT_EQ(message({{"SLURM_JOB_NODELIST", "n[1"}}),
              "SLURM_JOB_NODELIST: 'n[1': not a list of nodes as Slurm writes it: "
              "node[1-3,07],other");
    EXPECT_EQ(message({{"SLURM_JOB_NODELIST", "n[1-2]"}, {"SLURM_TASKS_PER_NODE", "2(x3)"}}),
              "SLURM_TASKS_PER_NODE: '2(x3)': not one number for each node as Slurm writes it: "
              "2(x3),1");
}

}  // namespace
}  // namespace vrun::discovery
