// SPDX-License-Identifier: Apache-2.0
// wire/base/task_group: background coroutines with an owner.
// Every coroutine that is not awaited directly lives in a group; the group knows when
// all have ended, can cancel all, and hands every failure to one place.
#pragma once

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>
#include <asio/bind_cancellation_slot.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/co_spawn.hpp>
#include <asio/error.hpp>
#include <asio/experimental/as_tuple.hpp>
#include <asio/steady_timer.hpp>
#include <asio/use_awaitable.hpp>
#include <cassert>
#include <exception>
#include <functional>
#include <list>
#include <string>
#include <system_error>

namespace vrun {

class TaskGroup {
public:
    using OnFailure = std::function<void(std::string_view name, std::exception_ptr)>;

    TaskGroup(asio::any_io_executor loop, OnFailure on_failure)
        : loop_{loop},
          on_failure_{std::move(on_failure)},
          empty_{loop, asio::steady_timer::time_point::max()} {}
    ~TaskGroup() { assert(tasks_.empty() && "cancel() and join() before the group dies"); }

    void spawn(std::string name, asio::awaitable<void> task) {
        const auto self = tasks_.emplace(tasks_.end());
        const auto finished = [this, self, name = std::move(name)](std::exception_ptr failure) {
            tasks_.erase(self);
            if (failure && !was_cancelled(failure)) on_failure_(name, failure);
            if (tasks_.empty()) empty_.cancel();
        };
        asio::co_spawn(loop_, std::move(task),
                       asio::bind_cancellation_slot(self->slot(), finished));
    }

    void cancel() {
        for (auto& task : tasks_)
            task.emit(asio::cancellation_type::terminal);
    }

    asio::awaitable<void> join() {
        while (!tasks_.empty())
            co_await empty_.async_wait(asio::experimental::as_tuple(asio::use_awaitable));
    }

    std::size_t size() const noexcept { return tasks_.size(); }

private:
    static bool was_cancelled(const std::exception_ptr& failure) {
        try {
            std::rethrow_exception(failure);
        } catch (const std::system_error& error) {
            return error.code() == asio::error::operation_aborted;
        } catch (...) {
            return false;
        }
    }

    asio::any_io_executor loop_;
    OnFailure on_failure_;
    asio::steady_timer empty_;
    std::list<asio::cancellation_signal> tasks_;
};

}  // namespace vrun
