// SPDX-License-Identifier: Apache-2.0
// tests/support/loop: runs one coroutine to its end and rethrows what it threw.
#pragma once
#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <chrono>
#include <stdexcept>
namespace vrun::test {
template <class Body>
void run_loop(Body body, std::chrono::seconds limit = std::chrono::seconds{10}) {
    asio::io_context loop{1};
    std::exception_ptr thrown;
    bool finished = false;
    asio::co_spawn(loop, body(loop.get_executor()), [&](std::exception_ptr result) {
        thrown = result;
        finished = true;
    });
    loop.run_for(limit);
    if (thrown) std::rethrow_exception(thrown);
    if (!finished) throw std::runtime_error{"the test did not finish in time"};
}
}  // namespace vrun::test
