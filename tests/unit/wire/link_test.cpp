// SPDX-License-Identifier: Apache-2.0
#include "wire/link.hpp"

#include "tests/support/loop.hpp"
#include "wire/base/task_group.hpp"
#include "wire/messages/end.hpp"
#include "wire/messages/io.hpp"
#include "wire/messages/preload.hpp"
#include "wire/messages/session.hpp"
#include "wire/messages/wireup.hpp"

#include <gtest/gtest.h>
#include <asio/local/connect_pair.hpp>

namespace vrun::wire {
namespace {

struct Ends {
    Link a;
    Link b;
};

std::unique_ptr<Ends> connected(asio::any_io_executor loop, ScaleOf scale_of = any_scale) {
    asio::local::stream_protocol::socket a{loop}, b{loop};
    asio::local::connect_pair(a, b);
    return std::unique_ptr<Ends>{new Ends{Link{make_stream(std::move(a))},
                                          Link{make_stream(std::move(b)), std::move(scale_of)}}};
}

void no_failure(std::string_view name, std::exception_ptr) {
    ADD_FAILURE() << name << " failed";
}

TEST(Link, CarriesAMessageLongerThanAFrame) {
    test::run_loop([](asio::any_io_executor loop) -> asio::awaitable<void> {
        const auto ends = connected(loop);
        TaskGroup tasks{loop, no_failure};
        FenceResult sent{{7, 1}, 0, Bytes(1'000'000, std::byte{42})};
        ends->a.send(sent, Route{5, 1, 2});
        ends->a.finish();
        tasks.spawn("writer", ends->a.run_writer());
        const std::optional<Message> got = co_await ends->b.receive();
        EXPECT_TRUE(got && got->route == (Route{5, 1, 2}));
        EXPECT_EQ(body_of<FenceResult>(*got).blob, sent.blob);
        co_await tasks.join();
    });
}

TEST(Link, LetsABeatOvertakeOutputAndALongBody) {
    test::run_loop([](asio::any_io_executor loop) -> asio::awaitable<void> {
        const auto ends = connected(loop);
        TaskGroup tasks{loop, no_failure};
        ends->a.send(FileData{0, Bytes(1000)}, Route{1, 0, 0});
        ends->a.send(Output{0, StreamId::out, Bytes(1000)}, Route{1, 0, 0});
        ends->a.send(FenceResult{{}, 0, Bytes(200'000)}, Route{1, 0, 0});
        ends->a.send(Beat{1, 0});
        ends->a.finish();
        tasks.spawn("writer", ends->a.run_writer());
        std::vector<MessageType> order;
        while (const std::optional<Message> got = co_await ends->b.receive()) {
            order.push_back(got->type);
            if (order.size() == 4) break;
        }
        EXPECT_EQ(order, (std::vector{MessageType::beat, MessageType::fence_result,
                                      MessageType::output, MessageType::file_data}));
        co_await tasks.join();
    });
}

TEST(Link, RefusesABodyAboveTheLimitOfItsJob) {
    test::run_loop([](asio::any_io_executor loop) -> asio::awaitable<void> {
        const auto small = [](MessageType, Route, std::span<const std::byte>) {
            return std::optional{Scale{1, 1}};
        };
        const auto ends = connected(loop, small);
        TaskGroup tasks{loop, no_failure};
        ends->a.send(FenceResult{{}, 0, Bytes(100'000)}, Route{1, 0, 0});
        ends->a.finish();
        tasks.spawn("writer", ends->a.run_writer());
        std::error_code refused;
        try {
            (void)co_await ends->b.receive();
        } catch (const std::system_error& error) {
            refused = error.code();
        }
        EXPECT_EQ(refused, FrameErrc::too_large);
        ends->a.close();
        co_await tasks.join();
    });
}

TEST(Link, DropsTheMessageOfAnUnknownJobAndGoesOn) {
    test::run_loop([](asio::any_io_executor loop) -> asio::awaitable<void> {
        const auto only_two = [](MessageType, Route route, std::span<const std::byte>) {
            return route.job == 2 ? std::optional{Scale{1, 1}} : std::nullopt;
        };
        const auto ends = connected(loop, only_two);
        TaskGroup tasks{loop, no_failure};
        ends->a.send(FenceResult{{}, 0, Bytes(1'000'000)}, Route{1, 0, 0});
        ends->a.send(Signal{15}, Route{2, 0, 0});
        ends->a.finish();
        tasks.spawn("writer", ends->a.run_writer());
        const std::optional<Message> got = co_await ends->b.receive();
        EXPECT_TRUE(got && got->type == MessageType::signal);
        co_await tasks.join();
    });
}

TEST(Link, SaysWhenAllIsWritten) {
    test::run_loop([](asio::any_io_executor loop) -> asio::awaitable<void> {
        const auto ends = connected(loop);
        TaskGroup tasks{loop, no_failure};
        const auto flush = [](Link& link, bool& flushed) -> asio::awaitable<void> {
            co_await link.flushed();
            flushed = true;
        };
        bool flushed = false;
        ends->a.send(FenceResult{{}, 0, Bytes(4'000'000)}, Route{1, 0, 0});
        tasks.spawn("writer", ends->a.run_writer());
        tasks.spawn("flush", flush(ends->a, flushed));
        asio::steady_timer pause{loop, std::chrono::milliseconds{20}};
        co_await pause.async_wait(asio::use_awaitable);
        EXPECT_FALSE(flushed) << "nobody has read it";
        (void)co_await ends->b.receive();
        co_await pause.async_wait(asio::use_awaitable);
        co_await ends->a.flushed();
        EXPECT_TRUE(flushed);
        ends->a.finish();
        co_await tasks.join();
    });
}

TEST(Link, EndsBothWaysOnClose) {
    test::run_loop([](asio::any_io_executor loop) -> asio::awaitable<void> {
        const auto ends = connected(loop);
        TaskGroup tasks{loop, no_failure};
        tasks.spawn("writer", ends->a.run_writer());
        ends->a.close();
        const std::optional<Message> at_peer = co_await ends->b.receive();
        const std::optional<Message> here = co_await ends->a.receive();
        EXPECT_FALSE(at_peer || here);
        co_await tasks.join();
    });
}

}  // namespace
}  // namespace vrun::wire
