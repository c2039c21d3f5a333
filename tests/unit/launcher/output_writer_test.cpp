// SPDX-License-Identifier: Apache-2.0
#include "launcher/output_writer.hpp"

#include "tests/support/loop.hpp"
#include "tests/unit/launcher/descriptors.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <map>

namespace vrun::launcher {
namespace {

using test::Ends;
using wire::StreamId;

// A writer with its two files, and what it reported.
struct Bench {
    Bench(asio::any_io_executor loop, int out_fd, int err_fd, OutputPlan plan = {})
        : writer{loop,
                 out_fd,
                 err_fd,
                 std::move(plan),
                 {[this](Written w) {
                      credit[{w.node, w.stream}] += w.bytes;
                  },
                  [this](StreamId s, std::error_code e) { failures.emplace_back(s, e); },
                  [this](const Error& error) { file_failures.push_back(error.message()); }}},
          tasks{loop, [](std::string_view name, std::exception_ptr) { ADD_FAILURE() << name; }} {
        std::signal(SIGPIPE, SIG_IGN);
        writer.start(tasks);
    }
    void write(wire::NodeIndex node, StreamId stream, wire::Bytes bytes) {
        OutputSource source;
        source.rank = node;
        source.host = "w1";
        source.stream = stream;
        writer.write(node, source, std::move(bytes));
    }
    asio::awaitable<void> finish() {
        writer.finish();
        return tasks.join();
    }

    std::map<std::pair<wire::NodeIndex, StreamId>, std::size_t> credit;
    std::vector<std::pair<StreamId, std::error_code>> failures;
    std::vector<std::string> file_failures;
    OutputWriter writer;
    TaskGroup tasks;
};

asio::awaitable<void> write_two_streams(asio::any_io_executor loop) {
    const Ends out = test::make_pipe(), err = test::make_pipe();
    Bench bench{loop, out.writer.get(), err.writer.get()};
    bench.write(0, StreamId::out, wire::bytes_of("one\n"));
    bench.write(1, StreamId::err, wire::bytes_of("two\n"));
    bench.write(1, StreamId::out, wire::bytes_of("three\n"));
    bench.writer.say("four");
    co_await bench.finish();
    EXPECT_EQ(test::drain(out.reader), "one\nthree\n");
    EXPECT_EQ(test::drain(err.reader), "two\nvrun: four\n");
    EXPECT_EQ((bench.credit[{0, StreamId::out}]), 4u);
    EXPECT_EQ((bench.credit[{1, StreamId::out}]), 6u);
    EXPECT_EQ((bench.credit[{1, StreamId::err}]), 4u);
    EXPECT_FALSE(test::is_nonblocking(out.writer)) << "others share this pipe";
    EXPECT_TRUE(bench.failures.empty());
}

TEST(OutputWriter, KeepsTheStreamsApartAndGivesCreditBack) {
    test::run_loop(write_two_streams);
}

asio::awaitable<void> fill(asio::any_io_executor loop, Ends out, std::size_t room_max) {
    const UniqueFd null = test::open_file("/dev/null", O_WRONLY);
    Bench bench{loop, out.writer.get(), null.get()};
    constexpr std::size_t size = 50'000, count = 40;
    std::string expected;
    for (std::size_t i = 0; i < count; ++i) {
        const std::string text(size, static_cast<char>('a' + i % 26));
        bench.write(0, StreamId::out, wire::bytes_of(text));
        expected += text;
    }
    co_await test::settle();
    EXPECT_LE((bench.credit[{0, StreamId::out}]), room_max) << "credit for what nobody has read";
    EXPECT_FALSE(test::is_nonblocking(out.writer));
    std::string got;
    const auto is_done = [&] {
        got += test::drain(out.reader);
        return got.size() == expected.size();
    };
    co_await test::until(is_done);
    co_await bench.finish();
    EXPECT_TRUE(got == expected);
    EXPECT_EQ((bench.credit[{0, StreamId::out}]), size * count);
}

TEST(OutputWriter, WaitsForASlowReaderOfAPipe) {
    test::run_loop(
        [](asio::any_io_executor loop) { return fill(loop, test::make_pipe(), 100'000); });
}

TEST(OutputWriter, WaitsForASlowReaderOfASocket) {
    test::run_loop(
        [](asio::any_io_executor loop) { return fill(loop, test::make_socket_pair(), 500'000); });
}

// As under sudo: the pipe is another user's, and cannot be opened anew.
TEST(OutputWriter, WaitsForASlowReaderOfAPipeThatCannotBeReopened) {
    test::run_loop([](asio::any_io_executor loop) -> asio::awaitable<void> {
        Ends out = test::make_pipe();
        ::fchmod(out.writer.get(), 0);
        const bool is_root = ::geteuid() == 0;
        if (is_root) (void)!::seteuid(65534);
        auto filled = fill(loop, std::move(out), 100'000);
        co_await std::move(filled);
        if (is_root) (void)!::seteuid(0);
    });
}

asio::awaitable<void> share_one_pipe(asio::any_io_executor loop) {
    const Ends both = test::make_pipe();
    const UniqueFd second{::fcntl(both.writer.get(), F_DUPFD_CLOEXEC, 3)};
    Bench bench{loop, both.writer.get(), second.get()};
    constexpr std::size_t size = 60'000;
    for (int i = 0; i < 10; ++i) {
        bench.write(0, StreamId::out, wire::bytes_of(std::string(size - 1, 'o') + "\n"));
        bench.write(0, StreamId::err, wire::bytes_of(std::string(size - 1, 'e') + "\n"));
    }
    std::string got;
    const auto is_done = [&] {
        got += test::drain(both.reader);
        return got.size() == 20 * size;
    };
    co_await test::until(is_done);
    co_await bench.finish();
    for (std::size_t i = 0; i < 20; ++i) {
        const std::string line = got.substr(i * size, size);
        EXPECT_EQ(line.find_first_not_of(i % 2 == 0 ? 'o' : 'e'), size - 1)
            << "line " << i << " is mixed";
    }
}

TEST(OutputWriter, NeverMixesLinesOfTwoStreamsInOneFile) {
    test::run_loop(share_one_pipe);
}

TEST(OutputWriter, WritesToAFileAtItsSharedPlace) {
    test::run_loop([](asio::any_io_executor loop) -> asio::awaitable<void> {
        std::string path = testing::TempDir() + "launcher-output-XXXXXX";
        const UniqueFd file{::mkstemp(path.data())};
        (void)!::write(file.get(), "before\n", 7);
        Bench bench{loop, file.get(), file.get()};
        bench.write(0, StreamId::out, wire::bytes_of("during\n"));
        co_await bench.finish();
        (void)!::write(file.get(), "after\n", 6);
        std::ifstream in{path};
        const std::string text{std::istreambuf_iterator<char>{in}, {}};
        EXPECT_EQ(text, "before\nduring\nafter\n");
        ::unlink(path.c_str());
    });
}

TEST(OutputWriter, ReportsAFullDiskOnceAndStillGivesCredit) {
    test::run_loop([](asio::any_io_executor loop) -> asio::awaitable<void> {
        const UniqueFd full = test::open_file("/dev/full", O_WRONLY),
                       null = test::open_file("/dev/null", O_WRONLY);
        Bench bench{loop, full.get(), null.get()};
        bench.write(0, StreamId::out, wire::bytes_of("lost\n"));
        const auto is_done = [&] { return !bench.failures.empty(); };
        co_await test::until(is_done);
        bench.write(0, StreamId::out, wire::bytes_of("lost too\n"));
        bench.write(0, StreamId::err, wire::bytes_of("kept\n"));
        co_await bench.finish();
        EXPECT_EQ(bench.failures.size(), 1u);
        EXPECT_EQ(bench.failures.front().first, StreamId::out);
        EXPECT_EQ(bench.failures.front().second, std::errc::no_space_on_device);
        EXPECT_EQ((bench.credit[{0, StreamId::out}]), 14u);
        EXPECT_EQ((bench.credit[{0, StreamId::err}]), 5u);
    });
}

asio::awaitable<void> lose_reader(asio::any_io_executor loop, bool before) {
    Ends out = test::make_pipe();
    const UniqueFd null = test::open_file("/dev/null", O_WRONLY);
    if (before) out.reader = UniqueFd{};
    Bench bench{loop, out.writer.get(), null.get()};
    bench.write(0, StreamId::out, wire::Bytes(300'000));
    co_await test::settle();
    out.reader = UniqueFd{};
    co_await bench.finish();
    EXPECT_EQ(bench.failures.size(), 1u);
    if (bench.failures.empty()) co_return;
    EXPECT_EQ(bench.failures.front().second, std::errc::broken_pipe);
    EXPECT_EQ((bench.credit[{0, StreamId::out}]), 300'000u);
}

TEST(OutputWriter, NoticesThatTheReaderWasGoneFromTheStart) {
    test::run_loop([](asio::any_io_executor loop) { return lose_reader(loop, /*before=*/true); });
}

TEST(OutputWriter, NoticesThatTheReaderLeftWhileItWaited) {
    test::run_loop([](asio::any_io_executor loop) { return lose_reader(loop, /*before=*/false); });
}

TEST(OutputWriter, KeepsSilentWhenOnlyItsOwnMessageIsLost) {
    test::run_loop([](asio::any_io_executor loop) -> asio::awaitable<void> {
        const UniqueFd full = test::open_file("/dev/full", O_WRONLY),
                       null = test::open_file("/dev/null", O_WRONLY);
        Bench bench{loop, null.get(), full.get()};
        bench.writer.say("nobody sees this");
        co_await test::settle();
        EXPECT_TRUE(bench.failures.empty());
        bench.write(0, StreamId::err, wire::bytes_of("but this counts\n"));
        EXPECT_EQ(bench.failures.size(), 1u);
        co_await bench.finish();
    });
}

asio::awaitable<void> write_marked_lines(asio::any_io_executor loop) {
    const Ends out = test::make_pipe(), err = test::make_pipe();
    OutputPlan plan;
    plan.style.prefix = "[%r]<%s> ";
    Bench bench{loop, out.writer.get(), err.writer.get(), plan};
    bench.write(0, StreamId::out, wire::bytes_of("one\ntwo\n"));
    bench.write(1, StreamId::err, wire::bytes_of("three\n"));
    bench.writer.say("four");
    co_await bench.finish();
    EXPECT_EQ(test::drain(out.reader), "[0]<stdout> one\n[0]<stdout> two\n");
    EXPECT_EQ(test::drain(err.reader), "[1]<stderr> three\nvrun: four\n");
    EXPECT_EQ((bench.credit[{0, StreamId::out}]), 8u) << "as much as the node sent";
}
TEST(OutputWriter, MarksTheLinesOfRanksAndNotOurs) {
    test::run_loop(write_marked_lines);
}

asio::awaitable<void> write_to_files_alone(asio::any_io_executor loop) {
    const Ends out = test::make_pipe(), err = test::make_pipe();
    const std::string directory =
        testing::TempDir() + "output-writer-files-" + std::to_string(::getpid());
    std::filesystem::remove_all(directory);
    OutputPlan plan;
    plan.files = {directory + "/%r", ""};
    plan.shows_out = false;
    Bench bench{loop, out.writer.get(), err.writer.get(), plan};
    bench.write(3, StreamId::out, wire::bytes_of("one\n"));
    bench.write(3, StreamId::err, wire::bytes_of("two\n"));
    co_await bench.finish();
    EXPECT_EQ(test::drain(out.reader), "");
    EXPECT_EQ(test::drain(err.reader), "two\n");
    EXPECT_EQ((bench.credit[{3, StreamId::out}]), 4u);
    std::ifstream file{directory + "/3"};
    EXPECT_EQ((std::string{std::istreambuf_iterator<char>{file}, {}}), "one\n");
    std::filesystem::remove_all(directory);
}
TEST(OutputWriter, WritesToFilesAlone) {
    test::run_loop(write_to_files_alone);
}

asio::awaitable<void> fail_to_write_a_file(asio::any_io_executor loop) {
    const Ends out = test::make_pipe(), err = test::make_pipe();
    OutputPlan plan;
    plan.files = {"/proc/no-such-directory/%r", ""};
    Bench bench{loop, out.writer.get(), err.writer.get(), plan};
    for (int i = 0; i < 2; ++i)
        bench.write(3, StreamId::out, wire::bytes_of("one\n"));
    co_await bench.finish();
    EXPECT_EQ(test::drain(out.reader), "one\none\n");
    EXPECT_EQ(bench.file_failures.size(), 1u);
    EXPECT_NE(bench.file_failures.at(0).find("/proc/no-such-directory"), std::string::npos);
}
TEST(OutputWriter, ReportsOnceWhatItCannotWriteToFiles) {
    test::run_loop(fail_to_write_a_file);
}

}  // namespace
}  // namespace vrun::launcher
