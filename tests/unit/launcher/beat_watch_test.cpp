// SPDX-License-Identifier: Apache-2.0
#include "launcher/beat_watch.hpp"

#include "tests/support/loop.hpp"

#include <gtest/gtest.h>
#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>

namespace vrun::launcher {
namespace {

using namespace std::chrono_literals;

TEST(BeatWatch, IsOverOnceTheDaemonIsSilentForTooLong) {
    test::run_loop([](asio::any_io_executor loop) -> asio::awaitable<void> {
        BeatWatch watch{loop, 20ms};
        watch.saw_beat();
        co_await watch.run();
    });
}

TEST(BeatWatch, WaitsForTheFirstBeat) {
    asio::io_context loop;
    BeatWatch watch{loop.get_executor(), 1ms};
    bool is_over = false;
    asio::co_spawn(loop, watch.run(), [&](std::exception_ptr) { is_over = true; });
    loop.run_for(50ms);
    EXPECT_FALSE(is_over);
}

TEST(BeatWatch, TakesAnotherLimitWhileItWaits) {
    test::run_loop([](asio::any_io_executor loop) -> asio::awaitable<void> {
        BeatWatch watch{loop, 1h};
        watch.saw_beat();
        const auto shorten = [&] { watch.allow(20ms); };
        asio::steady_timer soon{loop, 5ms};
        soon.async_wait([shorten](std::error_code) { shorten(); });
        co_await watch.run();
    });
}

}  // namespace
}  // namespace vrun::launcher
