// SPDX-License-Identifier: Apache-2.0
// daemon/shepherd/latch: something that happens once and is awaited.
// Setting it before anybody waits counts; waiting can be cancelled.
// On one loop; the latch outlives whoever waits.
#pragma once

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>
#include <asio/experimental/as_tuple.hpp>
#include <asio/steady_timer.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>
#include <system_error>

namespace vrun::shepherd {

class Latch {
public:
    explicit Latch(asio::any_io_executor loop)
        : wake_{loop, asio::steady_timer::time_point::max()} {}

    void set() {
        is_set_ = true;
        wake_.cancel();
    }
    bool is_set() const noexcept { return is_set_; }

    // Throws operation_aborted if the waiting coroutine is cancelled.
    asio::awaitable<void> wait() {
        while (!is_set_) {
            co_await wake_.async_wait(asio::experimental::as_tuple(asio::use_awaitable));
            const auto cancelled = (co_await asio::this_coro::cancellation_state).cancelled();
            if (cancelled != asio::cancellation_type::none)
                throw std::system_error{asio::error::operation_aborted};
        }
    }

private:
    asio::steady_timer wake_;  // never expires
    bool is_set_ = false;
};

}  // namespace vrun::shepherd
