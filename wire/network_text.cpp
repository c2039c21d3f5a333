// SPDX-License-Identifier: Apache-2.0
#include "wire/network_text.hpp"

namespace vrun::wire {

std::vector<std::string> network_variables(const Network& network) {
    std::vector<std::string> variables;
    if (!network.cidr.empty())
        for (const char* name : {"OMPI_MCA_btl_tcp_if_include", "OMPI_MCA_oob_tcp_if_include",
                                 "PRTE_MCA_prte_if_include"})
            variables.push_back(std::string{name} + "=" + network.cidr);
    if (network.interface.empty()) return variables;
    for (const std::string_view name : interface_variables)
        variables.push_back(std::string{name} + "=" + network.interface);
    variables.push_back("HYDRA_IFACE=" + network.interface);
    return variables;
}

std::string mca_parameters(const Network& network) {
    if (network.cidr.empty()) return "";
    return "btl_tcp_if_include = " + network.cidr + "\noob_tcp_if_include = " + network.cidr + "\n";
}

std::string prte_parameters(const Network& network) {
    return network.cidr.empty() ? "" : "prte_if_include = " + network.cidr + "\n";
}

std::string hydra_options(const Network& network) {
    return network.interface.empty() ? "" : "-iface " + network.interface + "\n";
}

}  // namespace vrun::wire
