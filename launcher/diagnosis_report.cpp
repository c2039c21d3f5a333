// SPDX-License-Identifier: Apache-2.0
#include "launcher/diagnosis.hpp"

#include "wire/base/escape.hpp"

#include <array>
#include <cstdlib>
#include <nlohmann/json.hpp>

namespace vrun::launcher {
namespace {

using nlohmann::ordered_json;
using wire::ExaminedHost;
using wire::HostAnswer;

constexpr std::size_t column_count = 8;
using Row = std::array<std::string, column_count>;

std::string answer_text(HostAnswer answer) {
    constexpr std::array texts{"up", "down", "silent", "small packets only"};
    return texts[static_cast<std::size_t>(answer)];
}

bool has_facts(const ExaminedHost& host) {
    return host.answer == HostAnswer::healthy || host.answer == HostAnswer::only_small;
}

std::string milliseconds(std::int64_t microseconds) {
    return std::to_string(microseconds / 1000) + " ms";
}

// "libmpi.so.40 libmpich.so.12"
std::string libraries(const std::vector<std::string>& paths) {
    std::string text;
    for (const std::string& path : paths) {
        const std::string name = escaped(path.substr(path.rfind('/') + 1));
        if (text.find(name) == text.npos) text += (text.empty() ? "" : " ") + name;
    }
    return text.empty() ? "-" : text;
}

Row row_of(const ExaminedHost& host) {
    Row row;
    row.fill("-");
    if (!host.name.empty()) row[0] = escaped(host.name);
    if (!host.address.empty()) row[1] = escaped(host.address);
    row[2] = answer_text(host.answer);
    if (!has_facts(host)) return row;
    const wire::HostFacts& facts = host.facts;
    row[3] = std::to_string(facts.slots);
    row[4] = milliseconds(host.clock_ahead_us);
    row[5] = std::to_string(facts.lookup_ms) + " ms";
    row[6] = facts.user.has_shm ? std::to_string(facts.user.shm_free >> 20) + " MiB" : "none";
    row[7] = libraries(facts.mpi_libraries);
    return row;
}

std::string table_of(const std::vector<Row>& rows) {
    std::array<std::size_t, column_count> widths{};
    for (const Row& row : rows)
        for (std::size_t i = 0; i < column_count; ++i)
            widths[i] = std::max(widths[i], row[i].size());
    std::string text;
    for (const Row& row : rows) {
        std::string line;
        for (std::size_t i = 0; i < column_count; ++i)
            line += row[i] + std::string(widths[i] - row[i].size() + 2, ' ');
        line.resize(line.find_last_not_of(' ') + 1);
        text += line + "\n";
    }
    return text;
}

ordered_json json_of(const wire::UserFacts& user) {
    return {{"shm_size", user.shm_size},
            {"shm_free", user.shm_free},
            {"tmp_free", user.tmp_free},
            {"open_files", user.open_files},
            {"copy_errno", std::max(user.own_copy_error, user.other_copy_error)},
            {"ptrace_scope", user.ptrace_scope}};
}

ordered_json json_of(const ExaminedHost& host) {
    ordered_json entry{{"name", host.name},
                       {"address", host.address},
                       {"port", host.port},
                       {"answer", answer_text(host.answer)},
                       {"problem", host.problem}};
    if (!has_facts(host)) return entry;
    const wire::HostFacts& facts = host.facts;
    entry.update({{"software", facts.software},
                  {"slots", facts.slots},
                  {"slots_source", facts.slots_source},
                  {"cores", facts.cores},
                  {"cpu_quota_percent", facts.quota_percent},
                  {"clock_ahead_us", host.clock_ahead_us},
                  {"round_trip_us", host.round_trip_us},
                  {"lookup_ms", facts.lookup_ms},
                  {"host_name", facts.host_name},
                  {"tmpdir_length", facts.tmpdir_length},
                  {"open_files", facts.open_files},
                  {"pmix_version", facts.pmix_version},
                  {"mpi_libraries", facts.mpi_libraries},
                  {"user", json_of(facts.user)}});
    return entry;
}

}  // namespace

std::string diagnosis_text(const wire::Examination& examination,
                           const std::vector<Finding>& findings) {
    std::vector<Row> rows{
        Row{"NAME", "ADDRESS", "STATE", "SLOTS", "CLOCK", "LOOKUP", "/dev/shm", "MPI"}};
    for (const ExaminedHost& host : examination.hosts)
        rows.push_back(row_of(host));
    std::string text = table_of(rows) + "\n";
    for (const Finding& finding : findings)
        text += finding.host + ": " + finding.check + ": " + finding.text + "\n    " + finding.fix +
                "\n";
    if (findings.empty()) text += "nothing is wrong\n";
    return text;
}

std::string diagnosis_json(const wire::Examination& examination,
                           const std::vector<Finding>& findings) {
    ordered_json hosts = ordered_json::array(), found = ordered_json::array();
    for (const ExaminedHost& host : examination.hosts)
        hosts.push_back(json_of(host));
    for (const Finding& finding : findings)
        found.push_back({{"host", finding.host},
                         {"check", finding.check},
                         {"text", finding.text},
                         {"fix", finding.fix}});
    const ordered_json whole{{"hosts", std::move(hosts)}, {"findings", std::move(found)}};
    constexpr auto replace = ordered_json::error_handler_t::replace;  // what is not UTF-8
    return whole.dump(2, ' ', /*ensure_ascii=*/false, replace) + "\n";
}

}  // namespace vrun::launcher
