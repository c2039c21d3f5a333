// SPDX-License-Identifier: Apache-2.0
// launcher/wakeup: lets a coroutine sleep until somebody changed what it looks at.
// A timer that never expires; notify() cancels it. No memory: wait in a loop that tests the reason.
// A cancelled coroutine wakes too, and its next co_await throws.
#pragma once

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>
#include <asio/experimental/as_tuple.hpp>
#include <asio/steady_timer.hpp>
#include <asio/use_awaitable.hpp>

namespace vrun::launcher {

class Wakeup {
public:
    explicit Wakeup(asio::any_io_executor loop)
        : timer_{loop, asio::steady_timer::time_point::max()} {}

    asio::awaitable<void> wait() {
        co_await timer_.async_wait(asio::experimental::as_tuple(asio::use_awaitable));
    }
    void notify() { timer_.cancel(); }

private:
    asio::steady_timer timer_;
};

}  // namespace vrun::launcher
