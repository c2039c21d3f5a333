// SPDX-License-Identifier: Apache-2.0
#include "launcher/daemon_connection.hpp"

#include "wire/base/timeout.hpp"
#include "wire/hello.hpp"
#include "wire/local_socket.hpp"
#include "wire/messages/end.hpp"

#include <cstdlib>

namespace vrun::launcher {
namespace {

constexpr std::chrono::milliseconds leave_limit{1'000};

std::optional<std::string> named_socket(const std::optional<std::string>& option) {
    if (option) return option;
    const char* variable = ::getenv("VRUN_SOCKET");
    return variable && *variable ? std::optional<std::string>{variable} : std::nullopt;
}

}  // namespace

Result<std::optional<UniqueFd>> find_daemon(const std::optional<std::string>& option) {
    if (const auto named = named_socket(option)) {
        Result<UniqueFd> socket = wire::connect_local(*named);
        if (!socket) return socket.error();
        return std::optional{std::move(*socket)};
    }
    for (const std::string& path : wire::local_socket_candidates())
        if (Result<UniqueFd> socket = wire::connect_local(path))
            return std::optional{std::move(*socket)};
    return std::optional<UniqueFd>{};
}

std::string searched_sockets() {
    std::string text;
    for (const std::string& path : wire::local_socket_candidates())
        text += (text.empty() ? "" : ", ") + path;
    return text;
}

DaemonConnection::DaemonConnection(asio::any_io_executor loop, UniqueFd socket)
    : link_{wire::make_local_stream(loop, std::move(socket))},
      tasks_{loop, [](std::string_view, std::exception_ptr) {}} {
    tasks_.spawn("write to the daemon", write_messages());
}

// A failure is not told: the reader learns why, maybe by a Goodbye that is still to be read.
asio::awaitable<void> DaemonConnection::write_messages() {
    try {
        co_await link_.run_writer();
    } catch (const std::system_error&) {
    }
}

asio::awaitable<std::optional<Refusal>> DaemonConnection::greet(wire::Role role,
                                                                std::chrono::milliseconds limit) {
    wire::Hello ours;
    ours.software = wire::software_version();
    ours.role = role;
    try {
        co_await with_timeout(wire::exchange_hello(link_, std::move(ours)), limit);
        co_return std::nullopt;
    } catch (const std::system_error& error) {
        const bool refused =
            error.code().category() == make_error_code(wire::HelloErrc::gone).category();
        const int exit_code = refused ? wire::exit_code::refused : wire::exit_code::daemon_lost;
        Refusal refusal{exit_code,
                        refused ? "the daemon does not take us: " : "the daemon does not answer: "};
        refusal.sentence +=
            error.code() == std::errc::timed_out ? "it may be stopped" : error.what();
        co_return refusal;
    }
}

asio::awaitable<void> DaemonConnection::leave() {
    try {
        if (tasks_.size() > 0) co_await with_timeout(link_.flushed(), leave_limit);
    } catch (
        const std::system_error&) {  // a daemon that does not read: the end of the socket will do
    }
    link_.close();
    co_await tasks_.join();
}

}  // namespace vrun::launcher
