// SPDX-License-Identifier: Apache-2.0
#include "launcher/daemon_connection.hpp"

#include "tests/support/loop.hpp"
#include "tests/unit/launcher/descriptors.hpp"
#include "wire/local_socket.hpp"

#include <gtest/gtest.h>
#include <cstdlib>

namespace vrun::launcher {
namespace {

constexpr std::chrono::milliseconds short_limit{200};

// Greets a daemon that answers with `words`, if there are any; then it waits or hangs up.
asio::awaitable<void> refused_by(asio::any_io_executor loop, std::optional<wire::Message> words,
                                 bool hangs_up, Refusal& result) {
    test::Ends pair = test::make_socket_pair();
    DaemonConnection connection{loop, std::move(pair.reader)};
    wire::Link daemon{wire::make_local_stream(loop, std::move(pair.writer))};
    TaskGroup tasks{loop, [](std::string_view, std::exception_ptr) {}};
    tasks.spawn("daemon", daemon.run_writer());
    if (words) daemon.send(*words);
    co_await daemon.flushed();
    if (hangs_up) daemon.close();
    const std::optional<Refusal> refusal =
        co_await connection.greet(wire::Role::launcher, short_limit);
    result = refusal.value_or(Refusal{0, ""});
    daemon.close();
    co_await connection.leave();
    co_await tasks.join();
}

Refusal refusal_of(const std::optional<wire::Message>& words, bool hangs_up = false) {
    Refusal result{-1, ""};
    test::run_loop(
        [&](asio::any_io_executor loop) { return refused_by(loop, words, hangs_up, result); });
    return result;
}

wire::Message hello_of(std::uint16_t protocol) {
    return wire::message_of(
        wire::Hello{protocol, protocol, "vrund 9.9", wire::Role::daemon, 1, "a"});
}

TEST(DaemonConnection, IsMadeWithADaemonOfThisVersion) {
    EXPECT_EQ(refusal_of(hello_of(wire::protocol_version)).exit_code, 0);
}

TEST(DaemonConnection, ShowsBothVersionsWhenTheyDoNotFit) {
    const Refusal refusal = refusal_of(hello_of(wire::protocol_version + 1));
    EXPECT_EQ(refusal.exit_code, 123);
    EXPECT_NE(refusal.sentence.find("vrund 9.9"), std::string::npos) << refusal.sentence;
    EXPECT_NE(refusal.sentence.find("vrun 0."), std::string::npos) << refusal.sentence;
}

TEST(DaemonConnection, PassesOnWhyTheDaemonRefuses) {
    const Refusal refusal =
        refusal_of(wire::message_of(wire::Goodbye{123, "uid 7 may not run jobs"}));
    EXPECT_EQ(refusal.exit_code, 123);
    EXPECT_NE(refusal.sentence.find("uid 7 may not run jobs"), std::string::npos);
}

TEST(DaemonConnection, DoesNotWaitForEverForADaemonThatIsStopped) {
    EXPECT_EQ(refusal_of(std::nullopt).exit_code, 122);
}

TEST(DaemonConnection, NoticesThatTheDaemonHangsUp) {
    EXPECT_EQ(refusal_of(std::nullopt, /*hangs_up=*/true).exit_code, 123);
}

TEST(FindDaemon, InsistsOnASocketThatWasNamed) {
    const auto by_option = find_daemon("/no/such/socket");
    ASSERT_FALSE(by_option);
    EXPECT_EQ(by_option.error().message(),
              "connect to the daemon at /no/such/socket: No such file or directory");
    ::setenv("VRUN_SOCKET", "/no/such/other", 1);
    const auto by_variable = find_daemon(std::nullopt);
    ::unsetenv("VRUN_SOCKET");
    ASSERT_FALSE(by_variable);
    EXPECT_NE(by_variable.error().message().find("/no/such/other"), std::string::npos);
}

TEST(FindDaemon, ConnectsToTheOneThatAnswers) {
    const std::string path =
        testing::TempDir() + "launcher-find-" + std::to_string(::getpid()) + ".sock";
    const UniqueFd server = std::move(wire::listen_local(path)).value();
    const auto found = find_daemon(path);
    ASSERT_TRUE(found) << found.error().message();
    EXPECT_TRUE(found->has_value());
    ::unlink(path.c_str());
}

}  // namespace
}  // namespace vrun::launcher
