// SPDX-License-Identifier: Apache-2.0
#include "launcher/beat_watch.hpp"

#include <asio/experimental/as_tuple.hpp>
#include <asio/use_awaitable.hpp>

namespace vrun::launcher {
namespace {

constexpr std::chrono::milliseconds late_max{1'000};
constexpr auto as_values = asio::experimental::as_tuple(asio::use_awaitable);

}  // namespace

BeatWatch::BeatWatch(asio::any_io_executor loop, std::chrono::milliseconds silence_max)
    : timer_{loop, Clock::time_point::max()}, silence_max_{silence_max} {}

void BeatWatch::saw_beat() {
    last_beat_ = Clock::now();
    if (!armed_) timer_.cancel();
    armed_ = true;
}

void BeatWatch::allow(std::chrono::milliseconds silence_max) {
    silence_max_ = silence_max;
    timer_.cancel();  // the deadline is another now
}

asio::awaitable<void> BeatWatch::run() {
    while (!armed_)
        co_await timer_.async_wait(as_values);
    for (;;) {
        const Clock::time_point deadline = last_beat_ + silence_max_;
        timer_.expires_at(deadline);
        co_await timer_.async_wait(as_values);
        if (Clock::now() < last_beat_ + silence_max_) continue;
        if (Clock::now() < deadline + late_max) co_return;
        last_beat_ = Clock::now();
    }
}

}  // namespace vrun::launcher
