// SPDX-License-Identifier: Apache-2.0
#include "wire/network_text.hpp"

#include <gtest/gtest.h>

namespace vrun::wire {
namespace {

const Network known{"10.1.0.0/16", "eth1", "10.1.2.3"};

TEST(NetworkText, IsAnMcaParameterFile) {
    EXPECT_EQ(mca_parameters(known),
              "btl_tcp_if_include = 10.1.0.0/16\n"
              "oob_tcp_if_include = 10.1.0.0/16\n");
    EXPECT_EQ(prte_parameters(known), "prte_if_include = 10.1.0.0/16\n");
}

TEST(NetworkText, IsAConfigurationFileOfHydra) {
    EXPECT_EQ(hydra_options(known), "-iface eth1\n");
}

TEST(NetworkText, SaysNothingOfWhatIsNotKnown) {
    EXPECT_EQ(mca_parameters({}), "");
    EXPECT_EQ(prte_parameters({}), "");
    EXPECT_EQ(hydra_options({}), "");
    EXPECT_TRUE(network_variables({}).empty());
    const Network link_local{"", "eth1", "fe80::1"};
    EXPECT_EQ(mca_parameters(link_local), "");
    EXPECT_EQ(network_variables(link_local).size(), interface_variables.size() + 1);
}

TEST(NetworkText, IsAnEnvironment) {
    EXPECT_EQ(
        network_variables(known),
        (std::vector<std::string>{
            "OMPI_MCA_btl_tcp_if_include=10.1.0.0/16", "OMPI_MCA_oob_tcp_if_include=10.1.0.0/16",
            "PRTE_MCA_prte_if_include=10.1.0.0/16", "UCX_NET_DEVICES=eth1", "FI_TCP_IFACE=eth1",
            "NCCL_SOCKET_IFNAME=eth1", "GLOO_SOCKET_IFNAME=eth1", "HYDRA_IFACE=eth1"}));
}

}  // namespace
}  // namespace vrun::wire
