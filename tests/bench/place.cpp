// SPDX-License-Identifier: Apache-2.0
// How long the words of a large job take: vrun's options and hostfile, the controller's placement,
// and one node's own cores. `bench-place HOSTFILE RANKS ROUNDS OPTION…` prints the microseconds of
// each, the medians of all rounds. Pure: no host is asked; each is taken to have its slots' cores.
#include "daemon/planning.hpp"
#include "daemon/rank_cores.hpp"
#include "launcher/options/parse.hpp"
#include "launcher/submission.hpp"

#include <fmt/format.h>
#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <stdexcept>

namespace vrun {
namespace {

using Clock = std::chrono::steady_clock;
using Hosts = std::vector<discovery::HostEntry>;
using Machines = std::vector<process::Machine>;

double microseconds_since(Clock::time_point start) {
    return std::chrono::duration<double, std::micro>(Clock::now() - start).count();
}

double median(std::vector<double> values) {
    const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
    std::ranges::nth_element(values, middle);
    return *middle;
}

template <class Wanted, class Other>
Wanted wanted(std::variant<Wanted, Other> either) {
    if (auto* refusal = std::get_if<wire::JobRefused>(&either))
        throw std::runtime_error{refusal->sentence};
    return std::get<Wanted>(std::move(either));
}

wire::SubmitJob submitted(const std::vector<std::string>& words) {
    launcher::CommandLine line;
    line.words = words;
    line.read_file = launcher::text_of_file;
    return launcher::submission_of(launcher::parse(line).value()).value().job;
}

// As if all had answered.
daemon::Gathered gathered(const Hosts& hosts, const Machines& machines) {
    daemon::Gathered found;
    for (std::size_t i = 0; i < hosts.size(); ++i) {
        daemon::Node node;
        node.incarnation = i + 1;
        node.name = hosts[i].name;
        node.listed_names = {node.name};
        node.address = "10.0.0.1";
        node.slots = hosts[i].slots;
        node.machine = "boot of " + node.name;
        node.cpus = machines[i].cpus().text();
        found.nodes.push_back(std::move(node));
    }
    return found;
}

Machines machines_of(const Hosts& hosts) {
    Machines machines;
    for (const discovery::HostEntry& host : hosts)
        machines.push_back(
            process::Machine::synthetic(fmt::format("pack:2 [numa] l3:1 core:{} pu:2", host.slots))
                .value());
    return machines;
}

void measure(const std::vector<std::string>& words, int rounds) {
    const Hosts hosts = wanted(daemon::chosen_hosts(submitted(words)));
    const Machines machines = machines_of(hosts);
    const daemon::Gathered found = gathered(hosts, machines);
    std::vector<double> parsing, placing, binding;
    for (int round = 0; round < rounds; ++round) {
        auto start = Clock::now();
        const wire::SubmitJob job = submitted(words);
        parsing.push_back(microseconds_since(start));
        start = Clock::now();
        (void)daemon::chosen_hosts(job);
        const auto launch = wanted(daemon::plan(job, found, machines));
        placing.push_back(microseconds_since(start));
        start = Clock::now();
        const auto cores =
            daemon::plan_cores(machines[0], {}, launch, 0, /*cores_are_shared=*/false);
        binding.push_back(microseconds_since(start));
        if (!cores.problem.empty()) throw std::runtime_error{cores.problem};
    }
    fmt::print("{:.0f} {:.0f} {:.0f}\n", median(parsing), median(placing), median(binding));
}

}  // namespace
}  // namespace vrun

int main(int argc, char** argv) {
    if (argc < 4) {
        fmt::print(stderr, "usage: bench-place HOSTFILE RANKS ROUNDS OPTION...\n");
        return 2;
    }
    std::vector<std::string> words{"-n", argv[2], "--hostfile", argv[1]};
    words.insert(words.end(), argv + 4, argv + argc);
    words.emplace_back("true");
    try {
        vrun::measure(words, std::max(std::atoi(argv[3]), 1));
    } catch (const std::exception& error) {
        fmt::print(stderr, "bench-place: {}\n", error.what());
        return 1;
    }
    return 0;
}
