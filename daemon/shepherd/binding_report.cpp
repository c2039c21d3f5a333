// SPDX-License-Identifier: Apache-2.0
#include "daemon/shepherd/binding_report.hpp"

#include "wire/base/escape.hpp"

namespace vrun::shepherd {

BindingReport::BindingReport(const std::string& topology_xml, std::string node_name)
    : node_name_{std::move(node_name)} {
    auto machine = process::Machine::of_xml(topology_xml);
    if (machine) machine_ = std::move(*machine);
}

std::string BindingReport::words_for(const process::CpuSet& cpus) const {
    constexpr const char* unbound = "is not bound (or bound to all available processors)";
    if (!machine_) return "may run on CPUs " + cpus.text();
    const std::string words = machine_->described(cpus);
    return words.empty() ? unbound : "bound to " + words;
}

void BindingReport::add(wire::Rank rank, pid_t pid) {
    std::string words;
    try {
        words = words_for(process::allowed_cpus(pid));
    } catch (const std::system_error& error) {
        words = std::string{"cannot be asked: "} + error.code().message();
    }
    report_.lines.push_back("[" + escaped(node_name_) + ":" + std::to_string(pid) + "] MCW rank " +
                            std::to_string(rank) + " " + words);
}

}  // namespace vrun::shepherd
