// SPDX-License-Identifier: Apache-2.0
#include "daemon/peers.hpp"

#include "tests/support/loop.hpp"
#include "tests/unit/daemon/half.hpp"
#include "wire/base/timeout.hpp"
#include "wire/messages/end.hpp"

#include <gtest/gtest.h>

namespace vrun::daemon {
namespace {

using namespace std::chrono_literals;
using test::Half;

const std::vector<wire::ClusterKey> our_key{wire::ClusterKey{{1, 2, 3}}};
const std::vector<wire::ClusterKey> other_key{wire::ClusterKey{{9}}};

// Lets the loop run until the condition holds; run_loop bounds it.
template <class Condition>
asio::awaitable<void> until(asio::any_io_executor loop, Condition condition) {
    asio::steady_timer turn{loop};
    while (!condition()) {
        turn.expires_after(1ms);
        co_await turn.async_wait(asio::use_awaitable);
    }
}

TEST(Peers, DialOncePerEndpointAndKeepTheConnection) {
    test::run_loop([](asio::any_io_executor loop) -> asio::awaitable<void> {
        Half a{loop, 1, our_key}, b{loop, 2, our_key};
        const auto first = co_await a.peers.connect(b.endpoint());
        const auto second = co_await a.peers.connect(b.endpoint());
        EXPECT_TRUE(first && *first == 2);
        EXPECT_TRUE(second && *second == 2);
        EXPECT_TRUE(a.peers.find(2) && a.peers.find(2)->info.slots == 4);
        const auto b_knows_a = [&] { return b.peers.find(1) != nullptr; };
        co_await until(loop, b_knows_a);
        co_await a.end();
        co_await b.end();
    });
}

TEST(Peers, UseAnAcceptedConnectionInsteadOfDialing) {
    test::run_loop([](asio::any_io_executor loop) -> asio::awaitable<void> {
        Half a{loop, 1, our_key}, b{loop, 2, our_key};
        (void)co_await a.peers.connect(b.endpoint());
        const auto b_knows_a = [&] { return b.peers.find(1) != nullptr; };
        co_await until(loop, b_knows_a);
        const auto back = co_await b.peers.connect(a.endpoint());
        EXPECT_TRUE(back && *back == 1);
        EXPECT_FALSE(b.peers.find(1)->dialed);
        co_await a.end();
        co_await b.end();
    });
}

TEST(Peers, KnowAnAddressThatLeadsToThemselves) {
    test::run_loop([](asio::any_io_executor loop) -> asio::awaitable<void> {
        Half a{loop, 1, our_key};
        const auto itself = co_await a.peers.connect(a.endpoint());
        EXPECT_TRUE(itself && *itself == 1);
        EXPECT_EQ(a.peers.find(1), nullptr);
        co_await a.end();
    });
}

TEST(Peers, AreRefusedWithAnotherKey) {
    test::run_loop([](asio::any_io_executor loop) -> asio::awaitable<void> {
        Half a{loop, 1, our_key}, b{loop, 2, other_key};
        const auto found = co_await a.peers.connect(b.endpoint());
        EXPECT_TRUE(!found && found.error().code == wire::TlsErrc::wrong_key);
        co_await a.end();
        co_await b.end();
    });
}

TEST(Peers, OfAnotherVersionAreRefusedWithBothVersions) {
    test::run_loop([](asio::any_io_executor loop) -> asio::awaitable<void> {
        Half a{loop, 1, our_key}, b{loop, 2, our_key, wire::protocol_version + 1};
        const auto found = co_await a.peers.connect(b.endpoint());
        EXPECT_TRUE(!found && found.error().code == wire::HelloErrc::no_common_protocol);
        EXPECT_NE(found.error().message().find("protocol 2 to 2"), std::string::npos);
        co_await a.end();
        co_await b.end();
    });
}

TEST(Peers, SayWhenNothingListens) {
    test::run_loop([](asio::any_io_executor loop) -> asio::awaitable<void> {
        Half a{loop, 1, our_key};
        asio::ip::tcp::acceptor unused{loop, {asio::ip::address_v4::loopback(), 0}};
        const Endpoint nobody = unused.local_endpoint();
        unused.close();
        const auto found = co_await a.peers.connect(nobody);
        EXPECT_TRUE(!found && found.error().code == asio::error::connection_refused);
        EXPECT_NE(found.error().message().find("is vrund running?"), std::string::npos)
            << found.error().message();
        co_await a.end();
    });
}

TEST(Peers, TellOfAPeerThatIsGone) {
    test::run_loop([](asio::any_io_executor loop) -> asio::awaitable<void> {
        Half a{loop, 1, our_key}, b{loop, 2, our_key};
        (void)co_await a.peers.connect(b.endpoint());
        co_await b.end();
        const auto a_noticed = [&] { return !a.gone.empty(); };
        co_await until(loop, a_noticed);
        EXPECT_EQ(a.gone, (std::vector<wire::Incarnation>{2}));
        const auto again = co_await a.peers.connect(b.endpoint());
        EXPECT_FALSE(again);
        co_await a.end();
    });
}

TEST(Peers, AnswerTheBeatsOfThoseWhoNeedThem) {
    test::run_loop([](asio::any_io_executor loop) -> asio::awaitable<void> {
        Half a{loop, 1, our_key}, b{loop, 2, our_key};
        (void)co_await a.peers.connect(b.endpoint());
        a.peers.use(2);
        a.peers.beat(Clock::now(), 0ms, 12s);
        const auto a_heard = [&] { return !a.heard.empty(); };
        co_await until(loop, a_heard);
        EXPECT_EQ(a.heard.front(), wire::MessageType::beat);
        a.peers.release(2);
        asio::steady_timer turn{loop, 50ms};  // in which an answer to the answer would come
        co_await turn.async_wait(asio::use_awaitable);
        EXPECT_EQ(a.heard.size(), 1u);
        EXPECT_EQ(b.heard.size(), 1u);
        co_await a.end();
        co_await b.end();
    });
}

TEST(Peers, KeepAnIdleConnectionThatItsOtherEndNeeds) {
    test::run_loop([](asio::any_io_executor loop) -> asio::awaitable<void> {
        Half a{loop, 1, our_key}, b{loop, 2, our_key};
        (void)co_await a.peers.connect(b.endpoint());
        const auto b_knows_a = [&] { return b.peers.find(1) != nullptr; };
        co_await until(loop, b_knows_a);
        const Clock::time_point before = a.peers.find(2)->idle.expiry();
        b.peers.use(1);
        b.peers.beat(Clock::now(), 0ms, 12s);
        const auto b_heard = [&] { return !b.heard.empty(); };
        co_await until(loop, b_heard);
        EXPECT_GT(a.peers.find(2)->idle.expiry(), before);
        co_await a.end();
        co_await b.end();
    });
}

// A host with two addresses; each side sends on the one that it had when it first needed one.
TEST(Peers, LoseNobodyWithOneOfTwoConnections) {
    test::run_loop([](asio::any_io_executor loop) -> asio::awaitable<void> {
        Half a{loop, 1, our_key}, b{loop, 2, our_key};
        (void)co_await a.peers.connect(b.endpoint());
        a.peers.use(2);
        (void)co_await a.peers.connect({asio::ip::make_address("127.0.0.2"), b.port});
        const auto b_has_both = [&] {
            return b.peers.find(1) && b.peers.find(1)->local.address().to_string() == "127.0.0.2";
        };
        co_await until(loop, b_has_both);
        EXPECT_EQ(a.peers.find(2)->remote, b.endpoint());
        b.peers.find(1)->link.close();
        const auto b_has_the_first = [&] {
            return b.peers.find(1) && b.peers.find(1)->local.address().to_string() == "127.0.0.1";
        };
        co_await until(loop, b_has_the_first);
        b.peers.find(1)->link.send(wire::Beat{});
        const auto a_heard = [&] { return !a.heard.empty(); };
        co_await until(loop, a_heard);
        EXPECT_TRUE(a.gone.empty() && b.gone.empty());
        a.peers.find(2)->link.close();
        const auto both_are_gone = [&] { return !a.gone.empty() && !b.gone.empty(); };
        co_await until(loop, both_are_gone);
        EXPECT_EQ(a.peers.find(2), nullptr);
        EXPECT_EQ(b.peers.find(1), nullptr);
        co_await a.end();
        co_await b.end();
    });
}

TEST(Peers, BeatOnlyToThoseInUseAndLoseTheSilent) {
    test::run_loop([](asio::any_io_executor loop) -> asio::awaitable<void> {
        Half a{loop, 1, our_key}, b{loop, 2, our_key};
        (void)co_await a.peers.connect(b.endpoint());
        const Clock::time_point now = Clock::now();
        a.peers.beat(now + 1h, 0ms, 12s);
        EXPECT_NE(a.peers.find(2), nullptr);
        a.peers.use(2);
        a.peers.beat(now, 0ms, 12s);
        const auto b_heard = [&] { return !b.heard.empty(); };
        co_await until(loop, b_heard);
        EXPECT_EQ(b.heard.front(), wire::MessageType::beat);
        a.peers.beat(now + 1h, 1h, 12s);
        EXPECT_NE(a.peers.find(2), nullptr) << "our own gap is forgiven";
        a.peers.beat(now + 3h, 0ms, 12s);
        EXPECT_EQ(a.peers.find(2), nullptr);
        EXPECT_EQ(a.gone.size(), 1u);
        co_await a.end();
        co_await b.end();
    });
}

TEST(Peers, LetGoOfOneThatWasSilentWhenItsLastJobEnded) {
    test::run_loop([](asio::any_io_executor loop) -> asio::awaitable<void> {
        Half a{loop, 1, our_key}, b{loop, 2, our_key};
        (void)co_await a.peers.connect(b.endpoint());
        a.peers.use(2);
        a.peers.use(2);
        a.peers.find(2)->silence.heard(Clock::now() - 4s);
        a.peers.release(2);
        EXPECT_NE(a.peers.find(2), nullptr) << "another job needs it, and judges it";
        a.peers.release(2);
        EXPECT_EQ(a.peers.find(2), nullptr);
        EXPECT_EQ(a.gone.size(), 1u);
        co_await a.end();
        co_await b.end();
    });
}

}  // namespace
}  // namespace vrun::daemon
