// SPDX-License-Identifier: Apache-2.0
// wire/base/timeout: bounds any coroutine in time (Asio 1.22 has no cancel_after).
// The work is cancelled at the limit and awaited; its own failure passes through at once.
// Asio's || would not do alone: it waits for a success, so a failure would sit out the limit.
#pragma once
#include <asio/awaitable.hpp>
#include <asio/co_spawn.hpp>
#include <asio/experimental/as_tuple.hpp>
#include <asio/experimental/awaitable_operators.hpp>
#include <asio/steady_timer.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>
#include <system_error>
namespace vrun {
template <class T>
asio::awaitable<T> with_timeout(asio::awaitable<T> work, std::chrono::milliseconds limit) {
    using namespace asio::experimental::awaitable_operators;
    const auto loop = co_await asio::this_coro::executor;
    asio::steady_timer timer{loop, limit};
    const auto as_value = asio::experimental::as_tuple(asio::use_awaitable);
    auto outcome = asio::co_spawn(loop, std::move(work), as_value);
    auto first = co_await (std::move(outcome) || timer.async_wait(asio::use_awaitable));
    if (first.index() == 1) throw std::system_error{std::make_error_code(std::errc::timed_out)};
    const std::exception_ptr failure = std::get<0>(std::get<0>(first));
    if (failure) std::rethrow_exception(failure);
    if constexpr (!std::is_void_v<T>) co_return std::get<1>(std::get<0>(std::move(first)));
}
}  // namespace vrun
