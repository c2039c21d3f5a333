// SPDX-License-Identifier: Apache-2.0
#include "daemon/membership.hpp"

#include "tests/support/loop.hpp"
#include "tests/unit/daemon/half.hpp"

#include <gtest/gtest.h>

namespace vrun::daemon {
namespace {

using discovery::Candidate;
using discovery::HostEntry;
using test::Half;

const std::vector<wire::ClusterKey> our_key{wire::ClusterKey{{1, 2, 3}}};

Membership::Self self_of(Half& half) {
    const auto info = [&half] {
        wire::NodeInfo told;
        told.port = half.port;
        return told;
    };
    return {1, "w1", info, /*has_network=*/true};
}

// Two daemons on one machine; the first one's members.
struct TwoOnW1 {
    explicit TwoOnW1(asio::any_io_executor loop) : a{loop, 1, our_key}, b{loop, 2, our_key} {
        members = std::make_unique<Membership>(loop, a.peers, self_of(a),
                                               std::vector<discovery::Source>{});
    }
    asio::awaitable<void> end() {
        members->stop();
        co_await members->join();
        co_await a.end();
        co_await b.end();
    }
    Half a, b;
    std::unique_ptr<Membership> members;
};

HostEntry host(const std::string& name, std::uint16_t port = 0) {
    HostEntry entry;
    entry.name = name;
    entry.port = port;
    return entry;
}

TEST(Membership, OwnNameAtAnotherPortIsAnotherDaemon) {
    test::run_loop([](asio::any_io_executor loop) -> asio::awaitable<void> {
        TwoOnW1 two{loop};
        const auto here = asio::ip::address{asio::ip::address_v4::loopback()};
        for (const char* name : {"w1", "localhost"}) {
            const Candidate own{name, here, two.a.port, 0, true};
            const Candidate other{name, here, two.b.port, 0, true};
            const Candidate default_one{name, here, discovery::default_port, 0, false};
            const auto to_own = co_await two.members->connect(own);
            const auto to_other = co_await two.members->connect(other);
            const auto to_default = co_await two.members->connect(default_one);
            EXPECT_TRUE(to_own && *to_own == 1) << name;
            EXPECT_TRUE(to_other && *to_other == 2) << name;
            EXPECT_TRUE(to_default && *to_default == 1) << name;
        }
        co_await two.end();
    });
}

TEST(Membership, NamedDaemonsOfOneHostAreKeptApart) {
    test::run_loop([](asio::any_io_executor loop) -> asio::awaitable<void> {
        TwoOnW1 two{loop};
        std::vector<HostEntry> named{host("localhost", two.a.port), host("localhost", two.b.port)};
        const Gathered found = co_await two.members->gather(std::move(named), 0);
        EXPECT_TRUE(found.problems.empty());
        EXPECT_EQ(found.nodes.size(), 2u);
        if (found.nodes.size() == 2) {
            EXPECT_EQ(found.nodes[0].incarnation, 1u);
            EXPECT_EQ(found.nodes[1].incarnation, 2u);
        }
        co_await two.end();
    });
}

TEST(Membership, NamedHostsStayInOrderAndEachMayBeAProblem) {
    test::run_loop([](asio::any_io_executor loop) -> asio::awaitable<void> {
        TwoOnW1 two{loop};
        std::vector<HostEntry> named{host("10.0.0.9"), host("a b"), host("w1"), host("10.0.0.1")};
        const auto listing = co_await two.members->list(std::move(named));
        std::vector<std::string> names;
        for (const Candidate& one : listing.candidates)
            names.push_back(one.name);
        EXPECT_EQ(names, (std::vector<std::string>{"10.0.0.9", "w1", "10.0.0.1"}));
        EXPECT_EQ(listing.problems.size(), 1u);
        for (const std::string& problem : listing.problems)
            EXPECT_TRUE(problem.starts_with("host list: a b: not a host name")) << problem;
        co_await two.end();
    });
}

TEST(Membership, ADaemonThatAnswersDoesNotHideASilentOneOfItsHost) {
    test::run_loop([](asio::any_io_executor loop) -> asio::awaitable<void> {
        TwoOnW1 two{loop};
        const Candidate own{"w1", {}, two.a.port, 0, true};
        const Candidate silent{"w1", {}, two.b.port, 0, true};
        Membership::Results results{wire::Incarnation{1}, std::nullopt};
        const Gathered found = two.members->summary({own, silent}, results);
        EXPECT_EQ(found.nodes.size(), 1u);
        EXPECT_EQ(found.unreached.size(), 1u);
        co_await two.end();
    });
}

}  // namespace
}  // namespace vrun::daemon
