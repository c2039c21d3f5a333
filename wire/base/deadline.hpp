// SPDX-License-Identifier: Apache-2.0
// wire/base/deadline: with_timeout(), where somebody may cut the time short.
// The timer is the limit; cancelling it is its end. The work is cancelled then and awaited.
// A result that came at the very end is dropped: what must not be lost belongs into the work.
#pragma once
#include "wire/base/timeout.hpp"
namespace vrun {
inline asio::awaitable<void> with_deadline(asio::awaitable<void> work, asio::steady_timer& limit) {
    using namespace asio::experimental::awaitable_operators;
    const auto loop = co_await asio::this_coro::executor;
    const auto as_value = asio::experimental::as_tuple(asio::use_awaitable);
    auto outcome = asio::co_spawn(loop, std::move(work), as_value);
    auto expired = limit.async_wait(as_value);
    const auto first = co_await (std::move(outcome) || std::move(expired));
    if (first.index() == 1) throw std::system_error{std::make_error_code(std::errc::timed_out)};
    const std::exception_ptr failure = std::get<0>(std::get<0>(first));
    if (failure) std::rethrow_exception(failure);
}
}  // namespace vrun
