// SPDX-License-Identifier: Apache-2.0
#include "pmix/host.hpp"

#include <asio/error.hpp>
#include <asio/experimental/as_tuple.hpp>
#include <asio/post.hpp>
#include <asio/use_awaitable.hpp>

namespace vrun::pmix {

Host* host = nullptr;

Call::Call(Host& of)
    : host_{of}, id_{of.next_call++}, answered_{of.loop, asio::steady_timer::time_point::max()} {
    host_.calls.emplace(id_, this);
}

void Call::done(pmix_status_t status, void* context) noexcept {
    post(context, {status, {}});
}

void Call::done_with_data(pmix_status_t status, char* data, std::size_t size,
                          void* context) noexcept {
    const auto* begin = reinterpret_cast<const std::byte*>(data);
    post(context, {status, data ? Bytes(begin, begin + size) : Bytes{}});
}

// On a thread of libpmix. The call may be over by then, and even the server.
void Call::post(void* context, Outcome outcome) noexcept {
    const auto id = reinterpret_cast<std::uintptr_t>(context);
    asio::post(host->loop, [id, outcome = std::move(outcome)]() mutable {
        if (!host) return;
        const auto found = host->calls.find(id);
        if (found == host->calls.end()) return;
        found->second->outcome_ = std::move(outcome);
        found->second->answered_.cancel();
    });
}

asio::awaitable<std::optional<Outcome>> Call::wait(pmix_status_t started,
                                                   asio::steady_timer::duration limit) {
    if (started != PMIX_SUCCESS) {  // over already
        const bool good = started == PMIX_OPERATION_SUCCEEDED;
        outcome_ = Outcome{good ? PMIX_SUCCESS : started, {}};
    }
    if (!outcome_) {
        if (limit != asio::steady_timer::duration::max()) answered_.expires_after(limit);
        const auto as_value = asio::experimental::as_tuple(asio::use_awaitable);
        const auto [error] = co_await answered_.async_wait(as_value);
        if (!outcome_ && error) throw std::system_error{error};  // cancelled
    }
    co_return std::move(outcome_);
}

}  // namespace vrun::pmix
