// SPDX-License-Identifier: Apache-2.0
#include "daemon/launch_body.hpp"

#include "wire/job_map.hpp"

#include <gtest/gtest.h>
#include <zstd.h>
#include <random>

namespace vrun::daemon {
namespace {

wire::LaunchJob job_of(std::uint32_t nodes, std::uint32_t ranks_each) {
    wire::LaunchJob job;
    job.job = 42;
    job.identity = {1000, 1000, {1000, 27}};
    std::mt19937_64 incarnations{nodes};
    for (std::uint32_t i = 0; i < nodes; ++i) {
        job.nodes.push_back(
            {incarnations(), "node" + std::to_string(i), "10.0.0.1", 7117, ranks_each});
        job.runs.push_back({i, i * ranks_each, ranks_each, 0});
    }
    job.apps = {{{"./hello", "-v"}, nodes * ranks_each, "/home/u", {"A=1"}}};
    job.environment = {"PATH=/bin", "HOME=/home/u"};
    return job;
}

std::error_code refusal_of(std::span<const std::byte> body) {
    const auto launch = unpack(body);
    return launch ? std::error_code{} : launch.error().code;
}

wire::Bytes with_claim(wire::Bytes body, std::uint32_t ranks, std::uint32_t nodes) {
    for (std::size_t i = 0; i < 4; ++i) {
        body[i] = static_cast<std::byte>(ranks >> (24 - 8 * i));
        body[4 + i] = static_cast<std::byte>(nodes >> (24 - 8 * i));
    }
    return body;
}

wire::Bytes compressed(std::span<const std::byte> content, std::uint32_t ranks,
                       std::uint32_t nodes) {
    wire::Bytes body(9 + ZSTD_compressBound(content.size()));
    body[8] = std::byte{1};
    body.resize(9 +
                ZSTD_compress(body.data() + 9, body.size() - 9, content.data(), content.size(), 3));
    return with_claim(std::move(body), ranks, nodes);
}

TEST(LaunchBody, ComesBackAsItWas) {
    for (const std::uint32_t nodes : {1u, 2u, 60u, 1000u}) {
        const wire::LaunchJob job = job_of(nodes, 10);
        const wire::Bytes body = pack(job);
        EXPECT_EQ(claimed_scale(body)->nodes, nodes);
        EXPECT_EQ(claimed_scale(body)->ranks, nodes * 10u);
        const auto back = unpack(body);
        ASSERT_TRUE(back) << back.error().message();
        EXPECT_EQ(wire::to_bytes(*back), wire::to_bytes(job));
    }
}

TEST(LaunchBody, IsCompressedWhenItIsLong) {
    const wire::LaunchJob small = job_of(2, 1), large = job_of(1000, 10);
    EXPECT_EQ(pack(small).size(), wire::to_bytes(small).size() + 9);
    EXPECT_LT(pack(large).size(), wire::to_bytes(large).size() / 2);
}

TEST(LaunchBody, CarriesAJobWhoseMapCompressesWell) {
    wire::LaunchJob job = job_of(100, 0);
    job.runs.clear();
    for (std::uint32_t rank = 0; rank < 100'000; ++rank)
        job.runs.push_back({rank % 100, rank, 1, 0});
    job.environment.push_back("LONG=" + std::string(2'000'000, 'x'));
    EXPECT_TRUE(unpack(pack(job)));
}

TEST(LaunchBody, SaysNothingFromTooFewBytes) {
    const wire::Bytes body = pack(job_of(2, 2));
    EXPECT_FALSE(claimed_scale(std::span{body}.first(7)));
    EXPECT_TRUE(claimed_scale(std::span{body}.first(8)));
    EXPECT_EQ(refusal_of({}), LaunchErrc::truncated);
    EXPECT_EQ(refusal_of(std::span{body}.first(8)), LaunchErrc::truncated);
}

TEST(LaunchBody, ProvesItsClaim) {
    const wire::Bytes body = pack(job_of(2, 3));
    EXPECT_EQ(refusal_of(with_claim(body, 6, 3)), LaunchErrc::false_claim);
    EXPECT_EQ(refusal_of(with_claim(body, 7, 2)), LaunchErrc::false_claim);
}

TEST(LaunchBody, RefusesAJobThatADaemonCannotServe) {
    const auto refused = [](auto spoil) {
        wire::LaunchJob job = job_of(3, 2);
        spoil(job);
        return refusal_of(pack(job));
    };
    EXPECT_EQ(refused([](auto& job) { job.nodes.clear(); }), LaunchErrc::no_node);
    EXPECT_EQ(refused([](auto& job) { job.apps.clear(); }), LaunchErrc::no_program);
    EXPECT_EQ(refused([](auto& job) { job.apps[0].argv.clear(); }), LaunchErrc::no_program);
    EXPECT_EQ(refused([](auto& job) { job.runs.clear(); }), LaunchErrc::bad_runs);
    EXPECT_EQ(refused([](auto& job) { job.runs[1].node = 3; }), LaunchErrc::bad_runs);
    EXPECT_EQ(refused([](auto& job) { job.runs[1].app = 1; }), LaunchErrc::bad_runs);
    EXPECT_EQ(refused([](auto& job) { job.runs[1].first_rank = 3; }), LaunchErrc::bad_runs);
    EXPECT_EQ(refused([](auto& job) { job.nodes[2].name = ""; }), LaunchErrc::bad_node_name);
    EXPECT_EQ(refused([](auto& job) { job.nodes[2].name = "node0"; }), LaunchErrc::bad_node_name);
    EXPECT_EQ(refused([](auto& job) { job.nodes[2].incarnation = 0; }), LaunchErrc::bad_node);
    EXPECT_EQ(refused([](auto& job) { job.nodes[2].incarnation = job.nodes[0].incarnation; }),
              LaunchErrc::bad_node);
    EXPECT_EQ(refused([](auto& job) {
                  job.files.resize(1);
                  job.files[0].name = "../a";
              }),
              LaunchErrc::bad_file);
}

TEST(LaunchBody, RefusesADecompressionBomb) {
    for (const std::size_t size : {1u << 20, 30u << 20, 200u << 20}) {
        const wire::Bytes zeros(size);
        const wire::Bytes bomb = compressed(zeros, 4'000'000'000, 4'000'000'000);
        EXPECT_LT(bomb.size(), 100'000u);
        EXPECT_EQ(refusal_of(bomb), LaunchErrc::too_large);
    }
}

TEST(LaunchBody, GoesUncompressedWhenItCompressesLikeABomb) {
    wire::LaunchJob job = job_of(2, 1);
    job.environment.push_back("LONG=" + std::string(2'000'000, 'x'));
    const wire::Bytes body = pack(job);
    EXPECT_EQ(body.size(), wire::to_bytes(job).size() + 9);
    EXPECT_TRUE(unpack(body));
}

TEST(LaunchBody, RefusesGarbageWithoutACrash) {
    const wire::LaunchJob small = job_of(3, 2);
    const wire::Bytes plain = pack(small), packed = pack(job_of(300, 2));
    const wire::Bytes repacked = compressed(wire::to_bytes(small), 6, 3);
    EXPECT_FALSE(refusal_of(repacked));
    std::mt19937 random{1};
    for (const wire::Bytes& body : {plain, packed, repacked}) {
        for (int round = 0; round < 1000; ++round) {
            wire::Bytes mutated = body;
            for (unsigned flips = 1 + random() % 4; flips > 0; --flips)
                mutated[random() % mutated.size()] = static_cast<std::byte>(random());
            if (random() % 4 == 0) mutated.resize(random() % mutated.size());
            const auto launch = unpack(mutated);
            EXPECT_TRUE(!launch ||
                        wire::valid_runs(launch->runs, launch->nodes.size(), launch->apps.size()));
        }
    }
}

TEST(LaunchBody, RefusesMutationsBehindTheCompression) {
    const wire::Bytes message = wire::to_bytes(job_of(3, 2));
    std::mt19937 random{2};
    for (int round = 0; round < 1000; ++round) {
        wire::Bytes mutated = message;
        mutated[random() % mutated.size()] = static_cast<std::byte>(random());
        const auto launch = unpack(compressed(mutated, 6, 3));
        EXPECT_TRUE(!launch || wire::scale_of(*launch).ranks == 6);
    }
}

}  // namespace
}  // namespace vrun::daemon
