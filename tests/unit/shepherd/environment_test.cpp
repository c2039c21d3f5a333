// SPDX-License-Identifier: Apache-2.0
#include "daemon/shepherd/environment.hpp"

#include "sample_job.hpp"
#include "wire/job_id.hpp"

#include <gtest/gtest.h>
#include <algorithm>
#include <optional>

namespace vrun::shepherd {
namespace {

using Environment = std::vector<std::string>;

std::optional<std::string> value(const Environment& environment, std::string_view name) {
    for (const std::string& assignment : environment)
        if (assignment.starts_with(std::string{name} + '='))
            return assignment.substr(name.size() + 1);
    return std::nullopt;
}

// Rank 3 of 2 nodes with 2 ranks each, in the environment of someone who typed vrun.
class RankEnvironment : public testing::Test {
protected:
    Environment made() {
        const NodeEnvironment node{.launch = job,
                                   .node = 1,
                                   .network = network,
                                   .session_directory = "/tmp/vrun-s.x/job",
                                   .shm_directory = "/dev/shm/vrun-s.x/job",
                                   .host_name = "kernel-name",
                                   .cores = cores,
                                   .pmi_fd = 100};
        return rank_environment(node, {.rank = 3, .app = 0, .local_rank = 1, .local_size = 2}, pmix,
                                "/work");
    }

    wire::LaunchJob job = test::sample_job(2, 2);
    wire::Network network{.cidr = "10.1.0.0/16", .interface = "eth1", .address = "10.1.0.2"};
    Environment pmix{"PMIX_RANK=3", "PMIX_NAMESPACE=ours"};
    std::uint32_t cores = 8;
};

TEST_F(RankEnvironment, SaysInEveryDialectWhichRankItIs) {
    const Environment environment = made();
    const std::pair<const char*, const char*> expected[] = {
        {"OMPI_COMM_WORLD_RANK", "3"},
        {"OMPI_COMM_WORLD_SIZE", "4"},
        {"OMPI_COMM_WORLD_LOCAL_RANK", "1"},
        {"OMPI_COMM_WORLD_LOCAL_SIZE", "2"},
        {"OMPI_COMM_WORLD_NODE_RANK", "1"},
        {"OMPI_WORLD_SIZE", "4"},
        {"OMPI_WORLD_LOCAL_SIZE", "2"},
        {"OMPI_UNIVERSE_SIZE", "4"},
        {"OMPI_MCA_num_procs", "4"},
        {"OMPI_MCA_orte_ess_num_procs", "4"},
        {"OMPI_MCA_orte_ess_node_rank", "1"},
        {"OMPI_MCA_orte_app_num", "0"},
        {"OMPI_MCA_orte_num_nodes", "2"},
        {"OMPI_MCA_orte_bound_at_launch", "1"},
        {"OMPI_MCA_mpi_oversubscribe", "0"},
        {"OMPI_MCA_ess_base_vpid", "3"},
        {"OMPI_MCA_initial_wdir", "/tmp"},
        {"MV2_COMM_WORLD_RANK", "3"},
        {"MV2_COMM_WORLD_SIZE", "4"},
        {"MV2_COMM_WORLD_LOCAL_RANK", "1"},
        {"MV2_COMM_WORLD_LOCAL_SIZE", "2"},
        {"OMPI_NUM_APP_CTX", "1"},
        {"OMPI_FIRST_RANKS", "0"},
        {"OMPI_APP_CTX_NUM_PROCS", "4"},
        {"OMPI_COMMAND", "./hello"},
        {"OMPI_ARGV", "a b c"},
        {"MPI_LOCALRANKID", "1"},
        {"MPI_LOCALNRANKS", "2"},
        {"PMI_FD", "100"},
        {"PMI_RANK", "3"},
        {"PMI_SIZE", "4"},
        {"PMI_UNIVERSE_SIZE", "4"},
        {"PMI_LOCAL_RANK", "1"},
        {"PMI_LOCAL_SIZE", "2"},
        {"MPIR_CVAR_CH3_INTERFACE_HOSTNAME", "10.1.0.2"},
        {"VRUN_RANK", "3"},
        {"VRUN_NODE", "n1"},
        {"PMIX_RANK", "3"},
        {"PMIX_NAMESPACE", "ours"},
        {"HOSTNAME", "kernel-name"},
        {"PWD", "/work"},
        {"TMPDIR", "/tmp/vrun-s.x/job"}};
    for (const auto& [name, text] : expected)
        EXPECT_EQ(value(environment, name), text) << name;
    EXPECT_EQ(value(environment, "VRUN_JOB_ID"), wire::id_text(job.job));
    EXPECT_TRUE(std::ranges::is_sorted(environment));
}

TEST_F(RankEnvironment, KeepsOpenMpi4FromBecomingASingleton) {
    job.job = 1;
    EXPECT_EQ(value(made(), "OMPI_MCA_orte_local_daemon_uri"), "131072.1;tcp://10.1.0.2:7117");
    EXPECT_EQ(value(made(), "OMPI_MCA_orte_hnp_uri"), "131072.0;tcp://10.1.0.1:7117");
    EXPECT_EQ(value(made(), "OMPI_MCA_ess_base_jobid"), "131073");
    EXPECT_EQ(value(made(), "OMPI_MCA_hwloc_base_binding_policy"), "none");
    job.nodes[0].address = "fd00::1";
    EXPECT_EQ(value(made(), "OMPI_MCA_orte_hnp_uri"), "131072.0;tcp6://[fd00::1]:7117");
}

TEST_F(RankEnvironment, PassesTheCallersVariablesOn) {
    job.environment = {"PATH=/bin", "OMP_NUM_THREADS=4", "OMPI_MCA_btl=self,tcp",
                       "EMPTY=",    "SLURM_JOB_ID=9",    "PMIX_MCA_gds=hash"};
    const Environment environment = made();
    for (const std::string& assignment : job.environment)
        EXPECT_TRUE(std::ranges::binary_search(environment, assignment)) << assignment;
}

TEST_F(RankEnvironment, LetsExplicitVariablesWin) {
    job.environment = {"UCX_NET_DEVICES=mlx5_0:1", "HWLOC_COMPONENTS=linux"};
    job.apps[0].environment = {"TMPDIR=/scratch", "SLURM_PROCID=9", "OMPI_COMM_WORLD_RANK=7",
                               "NCCL_SOCKET_IFNAME=ib0"};
    const Environment environment = made();
    EXPECT_EQ(value(environment, "TMPDIR"), "/scratch");
    EXPECT_EQ(value(environment, "SLURM_PROCID"), "9");
    EXPECT_EQ(value(environment, "UCX_NET_DEVICES"), "mlx5_0:1");
    EXPECT_EQ(value(environment, "NCCL_SOCKET_IFNAME"), "ib0");
    EXPECT_EQ(value(environment, "HWLOC_COMPONENTS"), "linux");
    EXPECT_EQ(value(environment, "OMPI_COMM_WORLD_RANK"), "3") << "who a rank is, we know";
}

TEST_F(RankEnvironment, TellsEveryLibraryTheNetwork) {
    const Environment environment = made();
    EXPECT_EQ(value(environment, "OMPI_MCA_btl_tcp_if_include"), "10.1.0.0/16");
    for (const char* name :
         {"UCX_NET_DEVICES", "FI_TCP_IFACE", "NCCL_SOCKET_IFNAME", "GLOO_SOCKET_IFNAME"})
        EXPECT_EQ(value(environment, name), "eth1") << name;
}

TEST_F(RankEnvironment, DoesNotNameANetworkWithoutNeedOrAgainstTheUser) {
    job.environment = {"OMPI_MCA_btl_tcp_if_exclude=lo"};
    EXPECT_FALSE(value(made(), "OMPI_MCA_btl_tcp_if_include"));
    job.environment.clear();
    network = {};
    EXPECT_FALSE(value(made(), "OMPI_MCA_btl_tcp_if_include"));
    EXPECT_FALSE(value(made(), "FI_TCP_IFACE"));
}

TEST_F(RankEnvironment, PutsSharedMemoryFilesWhereTheyAreRemoved) {
    for (const char* name :
         {"OMPI_MCA_btl_vader_backing_directory", "OMPI_MCA_btl_sm_backing_directory",
          "OMPI_MCA_osc_sm_backing_directory", "OMPI_MCA_osc_rdma_backing_directory"})
        EXPECT_EQ(value(made(), name), "/dev/shm/vrun-s.x/job") << name;
}

TEST_F(RankEnvironment, LetsRanksYieldOnlyWhereTheyShareCores) {
    EXPECT_FALSE(value(made(), "OMPI_MCA_mpi_yield_when_idle"));
    cores = 1;
    EXPECT_EQ(value(made(), "OMPI_MCA_mpi_oversubscribe"), "1");
    EXPECT_EQ(value(made(), "OMPI_MCA_mpi_yield_when_idle"), "1");
}

TEST_F(RankEnvironment, SpeaksTorchWhenAsked) {
    EXPECT_FALSE(value(made(), "WORLD_SIZE"));
    job.job = 20'005;
    job.environment = {"VRUN_EXPORT=torch", "RANK=9"};
    const std::pair<const char*, const char*> expected[] = {
        {"RANK", "3"},           {"WORLD_SIZE", "4"},
        {"LOCAL_RANK", "1"},     {"LOCAL_WORLD_SIZE", "2"},
        {"NODE_RANK", "1"},      {"MASTER_ADDR", "10.1.0.1"},
        {"MASTER_PORT", "10005"}};
    for (const auto& [name, text] : expected)
        EXPECT_EQ(value(made(), name), text) << name;
    job.apps[0].environment = {"MASTER_ADDR=here", "MASTER_PORT=1"};
    EXPECT_EQ(value(made(), "MASTER_ADDR"), "here");
    EXPECT_EQ(value(made(), "MASTER_PORT"), "1");
}

TEST_F(RankEnvironment, SaysHowLargeTheUniverseIs) {
    job.universe = 17;
    EXPECT_EQ(value(made(), "OMPI_UNIVERSE_SIZE"), "17");
    job.universe = wire::universe_infinite;
    EXPECT_FALSE(value(made(), "OMPI_UNIVERSE_SIZE"));
    EXPECT_FALSE(value(made(), "PMI_UNIVERSE_SIZE"));
}

TEST_F(RankEnvironment, DescribesEveryAppOfAJobWithSeveral) {
    job.apps.push_back(job.apps[0]);
    job.runs[1].app = 1;
    EXPECT_EQ(value(made(), "OMPI_NUM_APP_CTX"), "2");
    EXPECT_EQ(value(made(), "OMPI_FIRST_RANKS"), "0 2");
    EXPECT_EQ(value(made(), "OMPI_APP_CTX_NUM_PROCS"), "2 2");
}

}  // namespace
}  // namespace vrun::shepherd
