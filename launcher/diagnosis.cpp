// SPDX-License-Identifier: Apache-2.0
#include "launcher/diagnosis.hpp"

#include "process/traps.hpp"
#include "wire/base/escape.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>

namespace vrun::launcher {
namespace {

using wire::ExaminedHost;
using wire::HostAnswer;

constexpr std::int64_t clock_ahead_max_us = 1'000'000;  // certificates, make and logs bear less
constexpr std::uint32_t lookup_ms_max = 500;

struct Words {
    std::string text, fix;
};
using Verdict = std::optional<Words>;

std::string mebibytes(std::uint64_t bytes) {
    return std::to_string(bytes >> 20) + " MiB";
}

Verdict shepherd(const ExaminedHost& host) {
    if (host.facts.shepherd_problem.empty()) return {};
    return Words{"no job starts here: " + escaped(host.facts.shepherd_problem),
                 "look at vrund's log there, and at the limits of its container"};
}

Verdict shm(const ExaminedHost& host) {
    const wire::UserFacts& user = host.facts.user;
    if (!process::is_shm_short(user, host.facts.slots)) return {};
    const std::string there = user.has_shm ? "/dev/shm has " + mebibytes(user.shm_free) + " of " +
                                                 mebibytes(user.shm_size) + " left"
                                           : "nothing can be put into /dev/shm";
    return Words{there + ", and " + std::to_string(host.facts.slots) + " ranks may need " +
                     mebibytes(host.facts.slots * process::shm_per_rank) +
                     "; jobs keep their files in /tmp instead",
                 "docker run --shm-size=1g, or an emptyDir of medium Memory at /dev/shm"};
}

Verdict tmp(const ExaminedHost& host) {
    constexpr std::uint64_t tmp_min = 64u << 20;
    if (host.facts.user.tmp_free >= tmp_min) return {};
    return Words{"/tmp has " + mebibytes(host.facts.user.tmp_free) + " left",
                 "remove what is old there, or mount something larger"};
}

Verdict single_copy(const ExaminedHost& host) {
    const wire::UserFacts& user = host.facts.user;
    if (!process::refuses_single_copy(user)) return {};
    const int error = user.own_copy_error != 0 ? user.own_copy_error : user.other_copy_error;
    const bool is_filter = user.own_copy_error != 0;
    return Words{std::string{"processes may not read each other's memory (process_vm_readv: "} +
                     std::strerror(error) + "); jobs are told to copy twice instead",
                 is_filter
                     ? "for speed: docker run --cap-add=SYS_PTRACE, or a seccomp profile that "
                       "allows it"
                     : "for speed: sysctl kernel.yama.ptrace_scope=0, or the capability "
                       "SYS_PTRACE"};
}

Verdict tmpdir(const ExaminedHost& host) {
    const std::uint32_t length =
        std::max(host.facts.tmpdir_length, host.facts.user.directory_length);
    if (length <= process::directory_length_max) return {};
    return Words{"TMPDIR has " + std::to_string(length) +
                     " letters: the path of a socket in it may exceed 107; jobs get a directory in "
                     "/tmp instead",
                 "start vrund with a shorter TMPDIR, or without"};
}

Verdict open_files(const ExaminedHost& host) {
    const std::uint64_t needed = process::open_files_for(host.facts.slots);
    const std::uint64_t there = std::min(host.facts.open_files, host.facts.user.open_files);
    if (there >= needed) return {};
    return Words{std::to_string(there) + " open files are allowed, and " +
                     std::to_string(host.facts.slots) + " ranks need " + std::to_string(needed),
                 "ulimit -n 65536 before vrund starts, or docker run --ulimit nofile=65536"};
}

Verdict slots(const ExaminedHost& host) {
    const wire::HostFacts& facts = host.facts;
    const std::uint32_t quota = (facts.quota_percent + 99) / 100;
    if (quota > 0 && facts.slots > quota)
        return Words{std::to_string(facts.slots) + " slots (" + escaped(facts.slots_source) +
                         ") share " + std::to_string(facts.quota_percent) + " % of a core",
                     "--slots " + std::to_string(quota) + ", or a larger CPU limit"};
    if (facts.slots <= facts.cores) return {};
    return Words{std::to_string(facts.slots) + " slots (" + escaped(facts.slots_source) + ") on " +
                     std::to_string(facts.cores) + " cores: ranks wait for each other",
                 "--slots " + std::to_string(facts.cores) + " unless that is meant"};
}

Verdict clock(const ExaminedHost& host) {
    const std::int64_t ahead = host.clock_ahead_us;
    const std::int64_t off = std::max<std::int64_t>(std::abs(ahead) - host.round_trip_us, 0);
    if (off < clock_ahead_max_us) return {};
    return Words{"its clock is " + std::to_string(off / 1'000'000) + " s " +
                     (ahead > 0 ? "ahead" : "behind"),
                 "let chrony or ntpd run on the machine"};
}

Verdict name(const ExaminedHost& host) {
    if (host.facts.name_problem.empty()) return {};
    return Words{"its own name does not lead to it: " + escaped(host.facts.name_problem),
                 "add " + escaped(host.facts.host_name) +
                     " to /etc/hosts or the DNS (docker run --hostname does)"};
}

Verdict lookup(const ExaminedHost& host) {
    if (!host.facts.lookup_problems.empty())
        return Words{"its discovery: " + escaped(host.facts.lookup_problems.front()),
                     "look at VRUN_DISCOVERY there and at /etc/resolv.conf"};
    if (host.facts.lookup_ms < lookup_ms_max) return {};
    return Words{"looking hosts up takes " + std::to_string(host.facts.lookup_ms) + " ms",
                 "look at the name servers in /etc/resolv.conf: the first one may not answer"};
}

Verdict pmix(const ExaminedHost& host) {
    if (!host.facts.shepherd_problem.empty() || !host.facts.pmix_version.empty()) return {};
    return Words{"its vrun was built without PMIx: Open MPI programs do not run",
                 "build it with libpmix, or run programs of MPICH only"};
}

struct Check {
    std::string_view name;
    Verdict (*judge)(const ExaminedHost&);
    bool needs_shepherd = false;  // judges what only a shepherd can measure
};

constexpr std::array checks{
    Check{"shepherd", shepherd}, Check{"shm", shm, true},
    Check{"tmp", tmp, true},     Check{"single-copy", single_copy, true},
    Check{"tmpdir", tmpdir},     Check{"open-files", open_files, true},
    Check{"slots", slots},       Check{"clock", clock},
    Check{"name", name},         Check{"discovery", lookup},
    Check{"pmix", pmix},
};

std::string name_of(const ExaminedHost& host) {
    return escaped(host.name.empty() ? host.address : host.name);
}

std::optional<Finding> unhealthy(const ExaminedHost& host) {
    const std::string place = name_of(host);
    switch (host.answer) {
    case HostAnswer::healthy:
        return std::nullopt;
    case HostAnswer::unreached:
        return Finding{place, "reach", escaped(host.problem),
                       "start vrund there, with this cluster's key and this version; then look at "
                       "the firewall"};
    case HostAnswer::silent:
        return Finding{place, "reach", "it is connected and does not answer",
                       "its vrund may be stopped, its machine overloaded or cut off: look there"};
    case HostAnswer::only_small:
        return Finding{place, "mtu", "small packets arrive, large ones are lost",
                       "set the network's MTU as low as that of the path below it (1450 on an "
                       "overlay)"};
    }
    return std::nullopt;
}

void judge_host(std::vector<Finding>& findings, const ExaminedHost& host) {
    if (auto finding = unhealthy(host)) findings.push_back(std::move(*finding));
    if (host.answer == HostAnswer::unreached || host.answer == HostAnswer::silent) return;
    for (const Check& check : checks) {
        if (check.needs_shepherd && !host.facts.shepherd_problem.empty()) continue;
        if (auto words = check.judge(host))
            findings.push_back({name_of(host), std::string{check.name}, std::move(words->text),
                                std::move(words->fix)});
    }
}

// The first host is the one that asked, or the first in the list.
void judge_versions(std::vector<Finding>& findings, const std::vector<ExaminedHost>& hosts) {
    const auto first = std::ranges::find_if(
        hosts, [](const ExaminedHost& host) { return !host.facts.software.empty(); });
    if (first == hosts.end()) return;
    const std::string& ours = first->facts.software;
    for (const ExaminedHost& host : hosts)
        if (!host.facts.software.empty() && host.facts.software != ours)
            findings.push_back({name_of(host), "version",
                                "it has " + escaped(host.facts.software) + ", " + name_of(*first) +
                                    " has " + escaped(ours),
                                "install one version everywhere"});
}

}  // namespace

std::vector<Finding> findings_of(const wire::Examination& examination) {
    std::vector<Finding> findings;
    for (const std::string& problem : examination.problems)
        findings.push_back({"-", "discovery", escaped(problem),
                            "look at VRUN_DISCOVERY and at /etc/resolv.conf on this host"});
    for (const ExaminedHost& host : examination.hosts)
        judge_host(findings, host);
    judge_versions(findings, examination.hosts);
    return findings;
}

}  // namespace vrun::launcher
