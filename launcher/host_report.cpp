// SPDX-License-Identifier: Apache-2.0
#include "launcher/host_report.hpp"

#include "launcher/text_table.hpp"
#include "wire/base/escape.hpp"
#include "wire/hostfile_text.hpp"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <vector>

namespace vrun::launcher {
namespace {

using wire::HostEntry;
using wire::HostState;

std::string state_text(HostState state) {
    constexpr std::array texts{"up", "suspect", "down"};
    return texts[static_cast<std::size_t>(state)];
}

bool was_reached(const HostEntry& host) {
    return host.slots > 0;
}

std::string table(const wire::HostList& list) {
    TextTable rows{{"NAME", "ADDRESS", "SLOTS", "FROM", "STATE", "PROBLEM"}};
    for (const HostEntry& host : list.hosts)
        rows.push_back({host.name.empty() ? "-" : escaped(host.name), escaped(host.address),
                        was_reached(host) ? std::to_string(host.slots) : "-",
                        host.slots_source.empty() ? "-" : escaped(host.slots_source),
                        state_text(host.state), escaped(host.problem)});
    return text_of(rows);
}

std::string json(const wire::HostList& list) {
    nlohmann::ordered_json hosts = nlohmann::ordered_json::array();
    for (const HostEntry& host : list.hosts) {
        nlohmann::ordered_json entry;
        entry["name"] = host.name;
        entry["address"] = host.address;
        entry["port"] = host.port;
        entry["slots"] = host.slots;
        entry["slots_source"] = host.slots_source;
        entry["state"] = state_text(host.state);
        entry["problem"] = host.problem;
        hosts.push_back(std::move(entry));
    }
    nlohmann::ordered_json whole;
    whole["hosts"] = std::move(hosts);
    whole["problems"] = list.problems;
    constexpr auto replace = nlohmann::ordered_json::error_handler_t::replace;  // what is not UTF-8
    return whole.dump(2, ' ', /*ensure_ascii=*/false, replace) + "\n";
}

}  // namespace

const std::map<std::string, HostFormat>& host_formats() {
    static const std::map<std::string, HostFormat> formats{{"table", HostFormat::table},
                                                           {"plain", HostFormat::plain},
                                                           {"openmpi", HostFormat::openmpi},
                                                           {"mpich", HostFormat::mpich},
                                                           {"json", HostFormat::json}};
    return formats;
}

std::string host_report(const wire::HostList& list, HostFormat format) {
    switch (format) {
    case HostFormat::table:
        return table(list);
    case HostFormat::plain:
        return wire::hostfile_text(list, wire::HostfileFormat::plain);
    case HostFormat::openmpi:
        return wire::hostfile_text(list, wire::HostfileFormat::openmpi);
    case HostFormat::mpich:
        return wire::hostfile_text(list, wire::HostfileFormat::mpich);
    case HostFormat::json:
        return json(list);
    }
    return {};
}

}  // namespace vrun::launcher
