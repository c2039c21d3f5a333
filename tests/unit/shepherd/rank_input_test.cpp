// SPDX-License-Identifier: Apache-2.0
#include "daemon/shepherd/rank_input.hpp"

#include "process/pipe.hpp"
#include "wire/base/result.hpp"

#include <gtest/gtest.h>
#include <asio/executor_work_guard.hpp>
#include <asio/io_context.hpp>
#include <csignal>

namespace vrun::shepherd {
namespace {

using namespace std::chrono_literals;

class RankInputTest : public testing::Test {
protected:
    RankInputTest() { process::set_nonblocking(pipe_.reader); }

    void run_until(const std::function<bool()>& done) {
        const auto limit = std::chrono::steady_clock::now() + 10s;
        while (!done() && std::chrono::steady_clock::now() < limit)
            loop_.run_one_for(100ms);
        EXPECT_TRUE(done());
    }
    std::string read_some() {
        std::string text(100'000, '\0');
        const ssize_t count = ::read(pipe_.reader.get(), text.data(), text.size());
        at_end_ = count == 0;
        text.resize(count < 0 ? 0 : static_cast<std::size_t>(count));
        return text;
    }

    asio::io_context loop_{1};
    asio::executor_work_guard<asio::io_context::executor_type> work_{loop_.get_executor()};
    process::Pipe pipe_ = process::make_pipe();
    std::uint64_t written_ = 0;
    int closed_ = 0;
    bool at_end_ = false;
    RankInput input_{loop_.get_executor(),
                     std::move(pipe_.writer),
                     {[this](std::uint32_t bytes) { written_ += bytes; }, [this] { ++closed_; }}};
};

TEST_F(RankInputTest, WritesInOrderAndEndsAfterTheLastByte) {
    input_.push(wire::bytes_of("one "));
    input_.push(wire::bytes_of("two"));
    input_.end();
    EXPECT_EQ(written_, 0u);  // events come from the loop
    run_until([&] { return !input_.is_open(); });
    EXPECT_EQ(written_, 7u);
    EXPECT_EQ(read_some(), "one two");
    read_some();
    EXPECT_TRUE(at_end_);
    EXPECT_EQ(closed_, 0);
}

TEST_F(RankInputTest, WaitsForRoomAndCountsWhatWentIn) {
    const std::string text(300'000, 'x');
    input_.push(wire::bytes_of(text));
    run_until([&] { return written_ > 0; });
    EXPECT_LT(written_, text.size());
    EXPECT_EQ(input_.waiting_bytes(), text.size() - written_);
    input_.end();
    std::string arrived;
    run_until([&] { return arrived += read_some(), at_end_; });
    EXPECT_EQ(arrived, text);
    EXPECT_EQ(written_, text.size());
}

TEST_F(RankInputTest, HearsOfAReaderThatIsGoneWithoutWritingToIt) {
    loop_.poll();
    EXPECT_EQ(closed_, 0);
    pipe_.reader = UniqueFd{};
    run_until([&] { return closed_ > 0; });
    EXPECT_FALSE(input_.is_open());
    input_.push(wire::bytes_of("dropped"));
    input_.end();
    loop_.poll();
    EXPECT_EQ(closed_, 1);
    EXPECT_EQ(written_, 0u);
}

TEST_F(RankInputTest, HearsOfAReaderThatIsGoneWhileItWaitsForRoom) {
    const auto before = ::signal(SIGPIPE, SIG_IGN);
    input_.push(wire::Bytes(300'000));
    run_until([&] { return written_ > 0; });
    pipe_.reader = UniqueFd{};
    run_until([&] { return closed_ > 0; });
    EXPECT_EQ(input_.waiting_bytes(), 0u);
    loop_.poll();
    EXPECT_EQ(closed_, 1);
    ::signal(SIGPIPE, before);
}

TEST_F(RankInputTest, EndsWithoutAByte) {
    input_.end();
    run_until([&] { return !input_.is_open(); });
    read_some();
    EXPECT_TRUE(at_end_);
}

TEST(RankInput, MayBeDestroyedWithWorkPending) {
    asio::io_context loop{1};
    process::Pipe pipe = process::make_pipe();
    {
        RankInput input{loop.get_executor(),
                        std::move(pipe.writer),
                        {[](std::uint32_t) { FAIL(); }, [] { FAIL(); }}};
        input.push(wire::bytes_of("x"));
    }
    loop.run();
}

TEST_F(RankInputTest, NeedsNobodyWhoListens) {
    process::Pipe other = process::make_pipe();
    RankInput unheard{loop_.get_executor(), std::move(other.writer), {}};
    unheard.push(wire::bytes_of("an error text of libpmix"));
    run_until([&] { return unheard.waiting_bytes() == 0; });
    other.reader = UniqueFd{};
    run_until([&] { return !unheard.is_open(); });
}

}  // namespace
}  // namespace vrun::shepherd
