// SPDX-License-Identifier: Apache-2.0
#include "launcher/diagnosis.hpp"

#include <gtest/gtest.h>
#include <cerrno>
#include <functional>
#include <nlohmann/json.hpp>

namespace vrun::launcher {
namespace {

using wire::ExaminedHost;
using wire::HostAnswer;

ExaminedHost healthy(std::string name) {
    ExaminedHost host;
    host.name = std::move(name);
    host.address = "10.1.0.1";
    host.facts.software = "vrun 0.1.0";
    host.facts.slots = host.facts.cores = 2;
    host.facts.slots_source = "2 cores";
    host.facts.open_files = host.facts.user.open_files = 1024;
    host.facts.host_name = host.name;
    host.facts.pmix_version = "4.2.2";
    host.facts.user.has_shm = true;
    host.facts.user.shm_size = host.facts.user.shm_free = 1u << 30;
    host.facts.user.tmp_free = 1u << 30;
    return host;
}

struct Row {
    const char* check;
    const char* text;  // a part of it
    std::function<void(ExaminedHost&)> spoil;
};
const Row rows[] = {
    {"shm", "/dev/shm has 1 MiB of 64 MiB left, and 2 ranks may need 40 MiB",
     [](ExaminedHost& h) {
         h.facts.user.shm_size = 64u << 20;
         h.facts.user.shm_free = 1u << 20;
     }},
    {"shm", "nothing can be put into /dev/shm",
     [](ExaminedHost& h) { h.facts.user.has_shm = false; }},
    {"tmp", "/tmp has 1 MiB left", [](ExaminedHost& h) { h.facts.user.tmp_free = 1u << 20; }},
    {"single-copy", "Operation not permitted",
     [](ExaminedHost& h) { h.facts.user.own_copy_error = EPERM; }},
    {"single-copy", "Operation not permitted",
     [](ExaminedHost& h) {
         h.facts.user.other_copy_error = EPERM;
         h.facts.user.ptrace_scope = 2;
     }},
    {"tmpdir", "TMPDIR has 90 letters", [](ExaminedHost& h) { h.facts.tmpdir_length = 90; }},
    {"open-files", "64 open files are allowed, and 2 ranks need 72",
     [](ExaminedHost& h) { h.facts.user.open_files = 64; }},
    {"slots", "2 slots (2 cores) share 100 % of a core",
     [](ExaminedHost& h) { h.facts.quota_percent = 100; }},
    {"slots", "4 slots (--slots) on 2 cores",
     [](ExaminedHost& h) {
         h.facts.slots = 4;
         h.facts.slots_source = "--slots";
     }},
    {"clock", "its clock is 5 s ahead", [](ExaminedHost& h) { h.clock_ahead_us = 5'000'000; }},
    {"clock", "its clock is 2 s behind",
     [](ExaminedHost& h) {
         h.clock_ahead_us = -3'000'000;
         h.round_trip_us = 1'000'000;
     }},
    {"name", "no such name",
     [](ExaminedHost& h) { h.facts.name_problem = "host w1: no such name"; }},
    {"discovery", "takes 5000 ms", [](ExaminedHost& h) { h.facts.lookup_ms = 5000; }},
    {"discovery", "timed out",
     [](ExaminedHost& h) { h.facts.lookup_problems = {"dns:w: timed out"}; }},
    {"pmix", "without PMIx", [](ExaminedHost& h) { h.facts.pmix_version.clear(); }},
    {"shepherd", "no job starts here: fork",
     [](ExaminedHost& h) {
         h.facts.shepherd_problem = "fork";
         h.facts.user = {};
     }},
    {"mtu", "large ones are lost", [](ExaminedHost& h) { h.answer = HostAnswer::only_small; }},
    {"reach", "does not answer",
     [](ExaminedHost& h) {
         h.answer = HostAnswer::silent;
         h.facts = {};
     }},
    {"reach", "Connection refused",
     [](ExaminedHost& h) {
         h.answer = HostAnswer::unreached;
         h.problem = "Connection refused";
         h.facts = {};
     }},
    {"version", "it has vrun 9", [](ExaminedHost& h) { h.facts.software = "vrun 9"; }},
};

TEST(Diagnosis, FindsNothingWhereNothingIsWrong) {
    const wire::Examination examination{{healthy("w1"), healthy("w2")}, {}};
    EXPECT_TRUE(findings_of(examination).empty());
    EXPECT_NE(diagnosis_text(examination, {}).find("nothing is wrong\n"), std::string::npos);
}

TEST(Diagnosis, NamesEachProblemWithItsHostAndWhatToDo) {
    for (const Row& row : rows) {
        wire::Examination examination{{healthy("w1"), healthy("w2")}, {}};
        row.spoil(examination.hosts[1]);
        const auto findings = findings_of(examination);
        ASSERT_EQ(findings.size(), 1u) << row.check << ": " << row.text;
        EXPECT_EQ(findings[0].host, "w2");
        EXPECT_EQ(findings[0].check, row.check);
        EXPECT_NE(findings[0].text.find(row.text), std::string::npos) << findings[0].text;
        EXPECT_FALSE(findings[0].fix.empty());
        EXPECT_NE(diagnosis_text(examination, findings).find("w2: " + findings[0].check),
                  std::string::npos);
    }
}

TEST(Diagnosis, ForgivesAClockThatTheNetworkMayHaveMoved) {
    wire::Examination examination{{healthy("w1")}, {}};
    examination.hosts[0].clock_ahead_us = 3'000'000;
    examination.hosts[0].round_trip_us = 6'000'000;
    EXPECT_TRUE(findings_of(examination).empty());
}

TEST(Diagnosis, IsJsonForPrograms) {
    wire::Examination examination{{healthy("w\n1")}, {"dns:x: no such name"}};
    const auto findings = findings_of(examination);
    const auto json = nlohmann::json::parse(diagnosis_json(examination, findings));
    EXPECT_EQ(json["hosts"][0]["name"], "w\n1");
    EXPECT_EQ(json["hosts"][0]["user"]["shm_free"], 1u << 30);
    EXPECT_EQ(json["findings"][0]["check"], "discovery");
}

}  // namespace
}  // namespace vrun::launcher
