// SPDX-License-Identifier: Apache-2.0
#include "launcher/job_report.hpp"

#include "wire/job_id.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace vrun::launcher {
namespace {

constexpr std::uint32_t nobody_s_uid = 3'999'999'999;

wire::JobReport job_named(const std::string& begin) {
    wire::JobReport job;
    job.job = *wire::id_of(begin + std::string(13 - begin.size(), '0'));
    job.owner = nobody_s_uid;
    job.nodes = {{1, "w1", "", 0, 2}, {2, "w\x1b", "", 0, 2}};
    job.rank_count = 5;
    job.node_count = 2;
    job.program = "./app";
    job.phase = wire::JobPhase::running;
    job.age_ms = 125'000;
    job.ttl_ms = 1000;
    return job;
}

wire::JobList list_of(wire::JobReport job) {
    wire::JobList list;
    list.jobs = {std::move(job)};
    return list;
}

std::string row_of(wire::JobReport job) {
    const std::string table = job_table(list_of(std::move(job)));
    return table.substr(table.find('\n') + 1);
}

TEST(JobTable, TellsOfEachJob) {
    EXPECT_EQ(
        job_table(list_of(job_named("0ab"))),
        "ID             USER        STATE    EXIT  RANKS  NODES     CONTROLLER  AGE  COMMAND\n"
        "0ab0000000000  3999999999  running  -     5      w1,w\\x1b  detached    2m   ./app\n");
    EXPECT_EQ(job_table({}), "ID  USER  STATE  EXIT  RANKS  NODES  CONTROLLER  AGE  COMMAND\n");
}

TEST(JobTable, SaysWhereTheControllerIs) {
    wire::JobReport job = job_named("1");
    job.controller = "master";
    EXPECT_NE(row_of(job).find("  detached  "), std::string::npos);
    job.attached = true;
    EXPECT_NE(row_of(job).find("  attached on master  "), std::string::npos);
    job.ttl_ms = 0;
    EXPECT_NE(row_of(job).find("  vrun on master  "), std::string::npos);
}

TEST(JobTable, BelievesTheRootAlone) {
    wire::JobReport job = job_named("1");
    job.phase = wire::JobPhase::ended;
    job.exit_code = 7;
    EXPECT_NE(row_of(job).find("  ended  7  "), std::string::npos);
    job.self = 1;
    EXPECT_NE(row_of(job).find("  root lost  -  "), std::string::npos);
}

TEST(JobJson, HasAnExitCodeWhenItIsKnown) {
    wire::JobReport job = job_named("1");
    EXPECT_FALSE(nlohmann::json::parse(job_json(list_of(job)))["jobs"][0].contains("exit_code"));
    job.phase = wire::JobPhase::ended;
    job.exit_code = 7;
    const auto json = nlohmann::json::parse(job_json(list_of(job)))["jobs"][0];
    EXPECT_EQ(json["exit_code"], 7);
    EXPECT_EQ(json["ranks"], 5);
    EXPECT_EQ(json["nodes"].size(), 2u);
    EXPECT_EQ(json["detached"], true);
}

}  // namespace
}  // namespace vrun::launcher
