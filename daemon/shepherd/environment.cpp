// SPDX-License-Identifier: Apache-2.0
#include "daemon/shepherd/environment.hpp"

#include "wire/contact_uri.hpp"
#include "wire/job_id.hpp"
#include "wire/job_map.hpp"
#include "wire/network_text.hpp"

#include <algorithm>
#include <array>
#include <map>

namespace vrun::shepherd {
namespace {

class Variables {
public:
    void add(std::string_view assignment) {
        const auto equals = assignment.find('=');
        if (equals == std::string_view::npos || equals == 0) return;
        set(assignment.substr(0, equals), assignment.substr(equals + 1));
    }
    void set(std::string_view name, std::string_view value) { values_[std::string{name}] = value; }
    void set(std::string_view name, std::uint64_t number) { set(name, std::to_string(number)); }
    void set_default(std::string_view name, std::string_view value) {
        values_.try_emplace(std::string{name}, value);
    }
    void add_default(std::string_view assignment) {
        const auto equals = assignment.find('=');
        set_default(assignment.substr(0, equals), assignment.substr(equals + 1));
    }
    bool has(std::string_view name) const { return values_.contains(name); }
    std::string_view get(std::string_view name) const {
        const auto found = values_.find(name);
        return found == values_.end() ? std::string_view{} : found->second;
    }

    std::vector<std::string> list() const {
        std::vector<std::string> assignments;
        for (const auto& [name, value] : values_)
            assignments.push_back(name + '=' + value);
        return assignments;
    }

private:
    std::map<std::string, std::string, std::less<>> values_;
};

void inherit(Variables& variables, const std::vector<std::string>& environment) {
    for (const std::string_view assignment : environment)
        variables.add(assignment);
}

// Files of ranks that are killed stay behind unless they lie in directories of the job.
void set_directories(Variables& variables, const NodeEnvironment& node) {
    variables.set_default("TMPDIR", node.session_directory);
    if (node.shm_directory.empty()) return;
    for (const std::string_view name :
         {"OMPI_MCA_btl_vader_backing_directory", "OMPI_MCA_btl_sm_backing_directory",
          "OMPI_MCA_osc_sm_backing_directory", "OMPI_MCA_osc_rdma_backing_directory"})
        variables.set_default(name, node.shm_directory);
}

// A container often has a second interface that does not reach the other hosts. A user who chose
// for a library keeps the choice; Open MPI refuses if_include beside if_exclude.
void set_network(Variables& variables, const wire::Network& network) {
    if (!network.cidr.empty() && !variables.has("OMPI_MCA_btl_tcp_if_exclude"))
        variables.set_default("OMPI_MCA_btl_tcp_if_include", network.cidr);
    if (network.interface.empty()) return;
    for (const std::string_view name : wire::interface_variables)
        variables.set_default(name, network.interface);
}

// A rank is placed by its launcher: Open MPI 4 shall not bind itself. More ranks than cores yield
// to each other while they wait.
void set_scheduling(Variables& variables, const NodeEnvironment& node, const RankPlace& place) {
    variables.set_default("HWLOC_COMPONENTS", hwloc_components);
    variables.set_default("OMPI_MCA_hwloc_base_binding_policy", "none");
    variables.set("OMPI_MCA_orte_bound_at_launch", "1");
    const bool is_crowded = place.local_size > node.cores;
    variables.set_default("OMPI_MCA_mpi_oversubscribe", is_crowded ? "1" : "0");
    if (!is_crowded) return;
    variables.set_default("OMPI_MCA_mpi_yield_when_idle", "1");
}

std::string joined(std::span<const std::string> words) {
    std::string text;
    for (const std::string& word : words)
        text += (text.empty() ? "" : " ") + word;
    return text;
}

std::string address_of(const wire::JobNode& node) {
    return node.address.empty() ? "127.0.0.1" : node.address;
}

std::string uri_of(const NodeEnvironment& node, wire::NodeIndex of) {
    return wire::contact_uri(node.launch.job, node.launch.nodes, of);
}

void set_apps(Variables& variables, const wire::LaunchJob& launch, const RankPlace& place) {
    std::vector<std::uint32_t> counts(launch.apps.size(), 0);
    std::vector<std::uint32_t> firsts(launch.apps.size(), 0);
    for (const wire::RankRun& run : launch.runs) {
        if (counts.at(run.app) == 0) firsts[run.app] = run.first_rank;
        counts[run.app] += run.count;
    }
    std::vector<std::string> count_words, first_words;
    for (std::size_t i = 0; i < counts.size(); ++i) {
        count_words.push_back(std::to_string(counts[i]));
        first_words.push_back(std::to_string(firsts[i]));
    }
    const std::span argv{launch.apps.at(place.app).argv};
    variables.set("OMPI_NUM_APP_CTX", launch.apps.size());
    variables.set("OMPI_FIRST_RANKS", joined(first_words));
    variables.set("OMPI_APP_CTX_NUM_PROCS", joined(count_words));
    variables.set("OMPI_COMMAND", argv.empty() ? "" : argv[0]);
    variables.set("OMPI_ARGV", argv.empty() ? "" : joined(argv.subspan(1)));
}

// OMPI_MCA_*, as Open MPI 4 sets them: nothing here is read by its library, but by programs.
void set_open_mpi4(Variables& variables, const NodeEnvironment& node, const RankPlace& place) {
    const wire::LaunchJob& launch = node.launch;
    variables.set("OMPI_MCA_orte_num_nodes", launch.nodes.size());
    // Open MPI 4.1.4 takes a rank without them for a job of its own, of size 1. It parses them and
    // connects nowhere; other programs read the first node's address.
    variables.set("OMPI_MCA_orte_hnp_uri", uri_of(node, 0));
    variables.set("OMPI_MCA_orte_local_daemon_uri", uri_of(node, node.node));
    variables.set("OMPI_MCA_orte_ess_num_procs", wire::rank_count(launch.runs));
    variables.set("OMPI_MCA_orte_ess_node_rank", place.local_rank);
    variables.set("OMPI_MCA_orte_app_num", place.app);
    variables.set("OMPI_MCA_ess_base_jobid", wire::contact_number(launch.job) + 1);
    variables.set("OMPI_MCA_ess_base_vpid", place.rank);
    variables.set("OMPI_MCA_initial_wdir", launch.apps.at(place.app).workdir);
}

void set_rank(Variables& variables, const NodeEnvironment& node, const RankPlace& place) {
    const std::uint32_t size = wire::rank_count(node.launch.runs);
    for (const std::string_view prefix : {"OMPI_COMM_WORLD_", "MV2_COMM_WORLD_"}) {
        const std::string name{prefix};
        variables.set(name + "RANK", place.rank);
        variables.set(name + "SIZE", size);
        variables.set(name + "LOCAL_RANK", place.local_rank);
        variables.set(name + "LOCAL_SIZE", place.local_size);
    }
    variables.set("OMPI_COMM_WORLD_NODE_RANK", place.local_rank);
    variables.set("OMPI_WORLD_SIZE", size);
    variables.set("OMPI_WORLD_LOCAL_SIZE", place.local_size);
    variables.set("OMPI_MCA_num_procs", size);
    variables.set("OMPI_FILE_LOCATION", node.session_directory);
    variables.set("VRUN_JOB_ID", wire::id_text(node.launch.job));
    variables.set("VRUN_RANK", place.rank);
    variables.set("VRUN_NODE", node.launch.nodes.at(node.node).name);
    const auto universe = wire::universe_size(node.launch);
    if (!universe) return;
    variables.set("OMPI_UNIVERSE_SIZE", *universe);
    variables.set("PMI_UNIVERSE_SIZE", *universe);
}

// What torchrun sets. Ranks of one job must agree on a port, and two jobs on a host should not: it
// lies below those that the kernel gives out by itself.
void set_torch(Variables& variables, const NodeEnvironment& node, const RankPlace& place) {
    constexpr std::uint64_t first_port = 10'000, port_count = 20'000;
    variables.set("RANK", place.rank);
    variables.set("WORLD_SIZE", wire::rank_count(node.launch.runs));
    variables.set("LOCAL_RANK", place.local_rank);
    variables.set("LOCAL_WORLD_SIZE", place.local_size);
    variables.set("NODE_RANK", node.node);
    variables.set("GROUP_RANK", node.node);
    variables.set_default("MASTER_ADDR", address_of(node.launch.nodes.front()));
    variables.set_default("MASTER_PORT", std::to_string(first_port + node.launch.job % port_count));
}

// What Hydra tells a rank; PMI_LOCAL_RANK and its like are read by programs, not by MPICH.
void set_pmi(Variables& variables, const NodeEnvironment& node, const RankPlace& place) {
    variables.set("PMI_FD", std::to_string(node.pmi_fd));
    variables.set("PMI_RANK", place.rank);
    variables.set("PMI_SIZE", wire::rank_count(node.launch.runs));
    variables.set("PMI_LOCAL_RANK", place.local_rank);
    variables.set("PMI_LOCAL_SIZE", place.local_size);
    variables.set("MPI_LOCALRANKID", place.local_rank);
    variables.set("MPI_LOCALNRANKS", place.local_size);
    if (node.network.address.empty()) return;
    variables.set_default("MPIR_CVAR_CH3_INTERFACE_HOSTNAME", node.network.address);
}

}  // namespace

std::vector<std::string> rank_environment(const NodeEnvironment& node, const RankPlace& place,
                                          const std::vector<std::string>& pmix,
                                          const std::string& workdir) {
    Variables variables;
    inherit(variables, node.launch.environment);
    for (const std::string& assignment : node.launch.apps.at(place.app).environment)
        variables.add(assignment);
    variables.set_default("HOSTNAME", node.host_name);
    variables.set_default("PWD", workdir);
    for (const std::string_view remedy : node.remedies)
        variables.add_default(remedy);
    set_directories(variables, node);
    set_network(variables, node.network);
    set_scheduling(variables, node, place);
    set_apps(variables, node.launch, place);
    set_rank(variables, node, place);
    set_open_mpi4(variables, node, place);
    if (variables.get("VRUN_EXPORT") == "torch") set_torch(variables, node, place);
    set_pmi(variables, node, place);
    for (const std::string& assignment : pmix)
        variables.add(assignment);
    return variables.list();
}

}  // namespace vrun::shepherd
