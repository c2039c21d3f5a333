// SPDX-License-Identifier: Apache-2.0
#include "daemon/planning.hpp"

#include "wire/messages/end.hpp"

#include <gtest/gtest.h>

namespace vrun::daemon {
namespace {

using Hosts = std::vector<discovery::HostEntry>;

wire::SubmitJob request_of(std::uint32_t count) {
    wire::SubmitJob request;
    request.apps.push_back({{"./hello"}, count, "/", {}});
    return request;
}

Node node_of(wire::Incarnation incarnation, std::string name, std::uint32_t slots) {
    return {incarnation, std::move(name), "10.0.0." + std::to_string(incarnation),
            7117,        slots,           "2 cores"};
}

TEST(NaturalOrder, CountsNumbersAsNumbers) {
    EXPECT_TRUE(natural_less("node2", "node10"));
    EXPECT_FALSE(natural_less("node10", "node2"));
    EXPECT_TRUE(natural_less("node9-a", "node9-b"));
    EXPECT_TRUE(natural_less("a", "a1"));
    EXPECT_TRUE(natural_less("n1", "n01"));
    EXPECT_FALSE(natural_less("n01", "n1"));
    EXPECT_FALSE(natural_less("same", "same"));
    EXPECT_TRUE(natural_less("n99999999999999999999", "n100000000000000000000"));
}

TEST(ChosenHosts, AreNoneWithoutOptions) {
    const auto chosen = chosen_hosts(request_of(1));
    EXPECT_TRUE(std::get<Hosts>(chosen).empty());
}

TEST(ChosenHosts, OfSeveralOptionsAddUp) {
    wire::SubmitJob request = request_of(1);
    request.host_words = {"a:2,b", "a"};
    const Hosts hosts = std::get<Hosts>(chosen_hosts(request));
    ASSERT_EQ(hosts.size(), 2u);
    EXPECT_EQ(hosts[0].name, "a");
    EXPECT_EQ(hosts[0].slots, 3u);
    EXPECT_EQ(hosts[1].slots, 1u);
}

TEST(ChosenHosts, OnTheCommandLineChooseFromTheHostfile) {
    wire::SubmitJob request = request_of(1);
    request.host_files = {{"hosts", "a slots=4\nb slots=4\n"}};
    request.host_words = {"b:2"};
    const Hosts hosts = std::get<Hosts>(chosen_hosts(request));
    ASSERT_EQ(hosts.size(), 1u);
    EXPECT_EQ(hosts[0].name, "b");
    EXPECT_EQ(hosts[0].slots, 2u);
    request.host_words = {"c"};
    const auto refused = std::get<wire::JobRefused>(chosen_hosts(request));
    EXPECT_EQ(refused.exit_code, wire::exit_code::usage);
    EXPECT_NE(refused.sentence.find("c"), std::string::npos);
}

TEST(Refusal, NamesEachHostThatANamedListCannotUse) {
    Gathered found;
    found.nodes.push_back(node_of(1, "a", 2));
    found.unreached.push_back(
        {"b", "10.0.0.2", 7117, {std::make_error_code(std::errc::connection_refused), "connect"}});
    EXPECT_FALSE(refusal_of(found, /*hosts_were_named=*/false));
    const auto refusal = refusal_of(found, /*hosts_were_named=*/true);
    ASSERT_TRUE(refusal);
    EXPECT_EQ(refusal->exit_code, wire::exit_code::node_lost);
    EXPECT_NE(refusal->sentence.find("b: connect"), std::string::npos);
}

TEST(Refusal, OfAnotherKeyIsOneOfTrust) {
    Gathered found;
    found.unreached.push_back({"", "10.0.0.2", 7117, {wire::TlsErrc::wrong_key, "connect"}});
    EXPECT_EQ(refusal_of(found, false)->exit_code, wire::exit_code::refused);
}

TEST(Plan, NumbersTheNodesThatHaveRanksAndKeepsTheirNamesApart) {
    Gathered found;
    found.nodes = {node_of(5, "a", 2), node_of(6, "a", 2), node_of(7, "b", 2)};
    const auto launch = std::get<wire::LaunchJob>(plan(request_of(3), found));
    ASSERT_EQ(launch.nodes.size(), 2u);
    EXPECT_EQ(launch.nodes[0].name, "a");
    EXPECT_EQ(launch.nodes[1].name, "a~2");
    EXPECT_EQ(launch.nodes[1].incarnation, 6u);
    EXPECT_NE(launch.job, 0u);
}

TEST(Plan, WithInputForARankThatIsNotThereIsRefused) {
    Gathered found;
    found.nodes = {node_of(5, "a", 4)};
    wire::SubmitJob request = request_of(3);
    request.streams.input_rank = 2;
    EXPECT_EQ(std::get<wire::LaunchJob>(plan(request, found)).streams.input_rank, 2u);
    request.streams.input_rank = 3;
    const auto refused = std::get<wire::JobRefused>(plan(request, found));
    EXPECT_EQ(refused.exit_code, wire::exit_code::usage);
    EXPECT_NE(refused.sentence.find("from 0 to 2"), std::string::npos);
}

TEST(Plan, WithTooFewSlotsIsRefused) {
    Gathered found;
    found.nodes = {node_of(5, "a", 2)};
    EXPECT_EQ(std::get<wire::JobRefused>(plan(request_of(3), found)).exit_code,
              wire::exit_code::too_few_slots);
}

}  // namespace
}  // namespace vrun::daemon
