// SPDX-License-Identifier: Apache-2.0
#include "pmix/server.hpp"

#include "pmix/host.hpp"
#include "pmix/job_info.hpp"
#include "pmix/topology.hpp"
#include "wire/job_id.hpp"
#include "wire/job_map.hpp"

#include <malloc.h>
#include <pmix.h>
#include <unistd.h>
#include <algorithm>
#include <cassert>
#include <cstdlib>

namespace vrun::pmix {
namespace {

constexpr std::chrono::seconds close_limit{2};

void check(pmix_status_t status, const char* doing) {
    if (status != PMIX_SUCCESS) throw std::system_error{status, category(), doing};
}

// An outer launcher's variables would steer our libpmix. Its data store "hash" needs no files
// shared with the ranks, who may have another uid, root directory or version.
void clean_environment() {
    std::vector<std::string> names;
    for (char** entry = environ; entry && *entry; ++entry) {
        const std::string_view text{*entry};
        if (text.starts_with("PMIX_")) names.emplace_back(text.substr(0, text.find('=')));
    }
    for (const std::string& name : names)
        ::unsetenv(name.c_str());
    ::setenv("PMIX_MCA_gds", "hash", /*overwrite=*/1);
    restrict_hwloc();
}

pmix_info_t topology_info(pmix_topology_t& topology) {
    pmix_info_t info{};  // borrows: PMIX_INFO_LOAD would copy the topology
    PMIX_LOAD_KEY(info.key, PMIX_TOPOLOGY2);
    info.value.type = PMIX_TOPO;
    info.value.data.topo = &topology;
    return info;
}

struct Job {
    pmix_nspace_t nspace = {};
    std::vector<Rank> local;
    InfoList info;  // libpmix reads it until the registration is done
};

}  // namespace

struct Server::State {
    State(asio::any_io_executor loop, ServerSetup given, Upcalls& upcalls)
        : setup{std::move(given)}, our_host{std::move(loop), upcalls} {}

    pmix_proc_t proc_of(Rank rank) const {
        pmix_proc_t proc{};
        if (job) PMIX_LOAD_PROCID(&proc, job->nspace, rank);
        return proc;
    }
    bool is_local(Rank rank) const { return job && std::ranges::binary_search(job->local, rank); }
    void start();

    ServerSetup setup;
    Host our_host;
    Topology topology;  // libpmix uses it until it has stopped
    char topology_source[6] = "hwloc";
    pmix_topology_t lent_topology = {};
    std::optional<Job> job;
};

void Server::State::start() {
    topology = load_topology(setup.topology_xml);
    lent_topology = {topology_source, topology.get()};
    InfoList infos;
    infos.add_text(PMIX_SERVER_NSPACE, "vrun-shepherd-" + wire::id_text(wire::random_id()));
    infos.add_rank(PMIX_SERVER_RANK, 0);
    infos.add_text(PMIX_SERVER_TMPDIR, setup.directory);
    infos.add_text(PMIX_SYSTEM_TMPDIR, setup.directory);
    infos.add_text(PMIX_HOSTNAME, setup.node_name);
    std::vector<pmix_info_t> all(infos.data(), infos.data() + infos.size());
    all.push_back(topology_info(lent_topology));
    host = &our_host;
    const pmix_status_t status = PMIx_server_init(host_module(), all.data(), all.size());
    if (status != PMIX_SUCCESS) host = nullptr;
    check(status, "start the PMIx server");
}

Server::Server(asio::any_io_executor loop, ServerSetup setup, Upcalls& upcalls)
    : state_{std::make_unique<State>(std::move(loop), std::move(setup), upcalls)} {
    assert(!host && "one PMIx server per process");
    clean_environment();
    state_->start();
}

Server::~Server() {
    assert(state_->our_host.calls.empty() && "await the calls before the server dies");
    PMIx_server_finalize();
    host = nullptr;  // only now: no thread of libpmix runs any more
}

asio::awaitable<void> Server::open_job(const JobSetup& setup) {
    assert(!state_->job && "one job at a time");
    Job& job = state_->job.emplace();
    PMIX_LOAD_NSPACE(job.nspace, wire::namespace_of(setup.launch.job).c_str());
    job.local = wire::ranks_on(setup.launch.runs, setup.node);
    job.info = job_info(setup, state_->setup.node_name);
    {
        Call call{state_->our_host};
        const pmix_status_t started = PMIx_server_register_nspace(
            job.nspace, static_cast<int>(job.local.size()), job.info.data(), job.info.size(),
            Call::done, call.context());
        const std::optional<Outcome> outcome = co_await call.wait(started);
        check(outcome->status, "register the job with PMIx");
    }
    for (const Rank rank : job.local) {
        Call call{state_->our_host};
        const pmix_proc_t proc = state_->proc_of(rank);
        const pmix_status_t started = PMIx_server_register_client(
            &proc, setup.uid, setup.gid, nullptr, Call::done, call.context());
        const std::optional<Outcome> outcome = co_await call.wait(started);
        check(outcome->status, "register a rank with PMIx");
    }
}

std::vector<std::string> Server::environment_of(Rank rank) const {
    const pmix_proc_t proc = state_->proc_of(rank);
    char** entries = nullptr;
    check(PMIx_server_setup_fork(&proc, &entries), "make a rank's PMIx environment");
    std::vector<std::string> environment;
    for (char** entry = entries; entry && *entry; ++entry) {
        environment.emplace_back(*entry);
        std::free(*entry);
    }
    std::free(entries);
    return environment;
}

asio::awaitable<ModexData> Server::request_modex(Rank rank) {
    ModexData data{status::not_found, {}};
    if (!state_->is_local(rank)) co_return data;
    Call call{state_->our_host};
    const pmix_proc_t proc = state_->proc_of(rank);
    const pmix_status_t started =
        PMIx_server_dmodex_request(&proc, Call::done_with_data, call.context());
    std::optional<Outcome> outcome = co_await call.wait(started);
    data.status = outcome->status;
    data.blob = std::move(outcome->data);
    co_return data;
}

asio::awaitable<bool> Server::close_job() {
    if (!state_->job) co_return true;
    Call call{state_->our_host};
    PMIx_server_deregister_nspace(state_->job->nspace, Call::done, call.context());
    const std::optional<Outcome> outcome = co_await call.wait(PMIX_SUCCESS, close_limit);
    if (!outcome) co_return false;
    state_->job.reset();
    ::malloc_trim(0);  // nothing else gives back what libpmix took for the job
    co_return true;
}

}  // namespace vrun::pmix
