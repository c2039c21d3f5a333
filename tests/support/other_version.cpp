// SPDX-License-Identifier: Apache-2.0
// A daemon from the future, for tests: knows the cluster key, and speaks only protocol 99.
//     vrun-other-version KEY_FILE PORT
// Serves one connection after the other, until it is killed.
#include "wire/base/task_group.hpp"
#include "wire/hello.hpp"
#include "wire/tls/cluster_key.hpp"
#include "wire/tls/tls_stream.hpp"

#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <asio/use_awaitable.hpp>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <memory>

namespace vrun::test {
namespace {

using asio::ip::tcp;

wire::Hello hello_of_the_future() {
    wire::Hello hello;
    hello.protocol_min = hello.protocol_max = 99;
    hello.software = "vrun 99.0";
    hello.role = wire::Role::daemon;
    hello.incarnation = 99;
    hello.node_name = "future";
    return hello;
}

// Says Hello, and reads until the other side goes.
asio::awaitable<void> meet(tcp::socket socket, wire::TlsContext context) {
    auto stream = co_await wire::tls_accept(std::move(socket), context);
    const auto link = std::make_unique<wire::Link>(std::move(stream));
    const auto ignore = [](std::string_view, std::exception_ptr) {};
    TaskGroup tasks{link->executor(), ignore};
    tasks.spawn("writer", link->run_writer());
    link->send(hello_of_the_future());
    try {
        for (bool more = true; more;) {
            const auto message = co_await link->receive();
            more = message.has_value();
        }
    } catch (const std::system_error& error) {
        std::fprintf(stderr, "other-version: %s\n", error.what());
    }
    link->close();
    co_await tasks.join();
}

asio::awaitable<void> serve(tcp::endpoint endpoint, wire::TlsContext context) {
    tcp::acceptor acceptor{co_await asio::this_coro::executor, endpoint};
    for (;;) {
        tcp::socket socket = co_await acceptor.async_accept(asio::use_awaitable);
        try {
            co_await meet(std::move(socket), context);
        } catch (const std::system_error& error) {
            std::fprintf(stderr, "other-version: %s\n", error.what());
        }
    }
}

}  // namespace
}  // namespace vrun::test

int main(int argc, char** argv) {
    if (argc != 3) return 2;
    const auto keys = vrun::wire::read_key_file(argv[1]);
    if (!keys) return std::fprintf(stderr, "%s\n", keys.error().message().c_str()), 1;
    vrun::wire::ignore_sigpipe();
    asio::io_context loop{1};
    const auto port = static_cast<asio::ip::port_type>(std::atoi(argv[2]));
    const asio::ip::tcp::endpoint endpoint{asio::ip::tcp::v4(), port};
    asio::co_spawn(loop, vrun::test::serve(endpoint, vrun::wire::TlsContext{*keys}),
                   [](std::exception_ptr error) {
                       if (error) std::rethrow_exception(error);
                   });
    loop.run();
}
