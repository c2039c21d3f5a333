// SPDX-License-Identifier: Apache-2.0
#include "daemon/shepherd/rank_output.hpp"

#include "process/pipe.hpp"
#include "tests/support/loop.hpp"
#include "wire/base/result.hpp"

#include <gtest/gtest.h>
#include <asio/executor_work_guard.hpp>
#include <climits>
#include <csignal>
#include <map>
#include <random>
#include <thread>

namespace vrun::shepherd {
namespace {

using namespace std::chrono_literals;
using test::run_loop;
using wire::Output;
using wire::Rank;

void write_all(const UniqueFd& fd, std::string_view text) {
    while (!text.empty()) {
        const ssize_t count = check(::write(fd.get(), text.data(), text.size()), "write");
        text.remove_prefix(static_cast<std::size_t>(count));
    }
}

class RankOutputTest : public testing::Test {
protected:
    UniqueFd add(Rank rank) {
        process::Pipe pipe = process::make_pipe();
        output_.add(rank, std::move(pipe.reader));
        return std::move(pipe.writer);
    }
    void grant(std::uint64_t bytes) {
        granted_ += bytes;
        output_.grant(bytes);
    }
    void run_until(const std::function<bool()>& done) {
        const auto limit = std::chrono::steady_clock::now() + 10s;
        while (!done() && std::chrono::steady_clock::now() < limit)
            loop_.run_one_for(10ms);
        EXPECT_TRUE(done());
    }
    void run_to_the_end() {
        bool is_drained = false;
        asio::co_spawn(loop_, output_.drained(), [&](std::exception_ptr) { is_drained = true; });
        run_until([&] { return is_drained; });
    }
    std::string text_of(Rank rank) const {
        std::string text;
        for (const Output& unit : units_)
            if (unit.rank == rank) text += wire::view_as_text(unit.bytes);
        return text;
    }

    asio::io_context loop_{1};
    asio::executor_work_guard<asio::io_context::executor_type> work_{loop_.get_executor()};
    std::vector<Output> units_;
    std::uint64_t granted_ = 0;
    std::function<void(const Output&)> on_unit_ = [](const Output&) {};
    RankOutput output_{loop_.get_executor(), wire::StreamId::err, [this](Output unit) {
                           units_.push_back(std::move(unit));
                           on_unit_(units_.back());
                           EXPECT_LE(output_.sent_bytes(), granted_);
                       }};
};

TEST_F(RankOutputTest, NamesRankAndStreamAndReadsToTheEnd) {
    UniqueFd writer = add(5);
    grant(1'000);
    write_all(writer, "one\ntwo\nthr");
    writer = UniqueFd{};
    run_to_the_end();
    ASSERT_EQ(units_.size(), 2u);
    EXPECT_EQ(units_[0].rank, 5u);
    EXPECT_EQ(units_[0].stream, wire::StreamId::err);
    EXPECT_EQ(wire::view_as_text(units_[0].bytes), "one\ntwo\n");
    EXPECT_EQ(wire::view_as_text(units_[1].bytes), "thr");
    EXPECT_EQ(output_.sent_bytes(), 11u);
}

TEST_F(RankOutputTest, IsDrainedAtOnceWithoutPipes) {
    run_to_the_end();
}

TEST_F(RankOutputTest, DoesNotReadWithoutCredit) {
    UniqueFd writer = add(0);
    process::set_nonblocking(writer);
    const std::string text(200'000, 'x');
    ssize_t count = ::write(writer.get(), text.data(), text.size());
    EXPECT_EQ(count, 65'536);
    loop_.run_for(50ms);
    EXPECT_LT(::write(writer.get(), text.data(), text.size()), 0);  // as full as before
    grant(5'000);
    run_until([&] { return output_.sent_bytes() == 5'000; });
    loop_.run_for(50ms);
    EXPECT_EQ(output_.sent_bytes(), 5'000u);
}

TEST_F(RankOutputTest, SendsAnUnfinishedLineThatWaited) {
    const UniqueFd writer = add(0);
    grant(1'000);
    write_all(writer, "done\nprompt> ");
    const auto start = std::chrono::steady_clock::now();
    run_until([&] { return units_.size() == 1; });
    EXPECT_EQ(text_of(0), "done\n");
    run_until([&] { return units_.size() == 2; });
    EXPECT_GE(std::chrono::steady_clock::now() - start, 95ms);
    EXPECT_EQ(text_of(0), "done\nprompt> ");
}

TEST_F(RankOutputTest, ArmsNoTimerWhenNoLineIsUnfinished) {
    const UniqueFd writer = add(0);
    grant(1'000);
    write_all(writer, "line\n");
    run_until([&] { return units_.size() == 1; });
    EXPECT_EQ(loop_.run_for(300ms), 0u);
}

// The rest of the line is in the pipe all the time; only credit is missing.
TEST_F(RankOutputTest, DoesNotTearALineBecauseCreditIsLate) {
    UniqueFd writer = add(0);
    grant(10);
    write_all(writer, "123\n567890123\n");
    run_until([&] { return units_.size() == 1; });
    loop_.run_for(250ms);
    EXPECT_EQ(text_of(0), "123\n");
    grant(4);
    run_until([&] { return units_.size() == 2; });
    EXPECT_EQ(wire::view_as_text(units_[1].bytes), "567890123\n");
}

TEST_F(RankOutputTest, CutsALineThatIsLongerThanTheWindow) {
    UniqueFd writer = add(0);
    grant(4);
    on_unit_ = [&](const Output& unit) { grant(unit.bytes.size()); };
    write_all(writer, "abcdefghij\nk\n");
    writer = UniqueFd{};
    run_to_the_end();
    EXPECT_EQ(text_of(0), "abcdefghij\nk\n");
    for (const Output& unit : units_)
        EXPECT_LE(unit.bytes.size(), 4u);
}

TEST_F(RankOutputTest, AUnitHasAtMostOutputBytesMax) {
    UniqueFd writer = add(0);
    grant(10 << 20);
    std::thread rank{[&] {
        write_all(writer, std::string(150'000, 'x') + "\n");
        writer = UniqueFd{};
    }};
    run_to_the_end();
    rank.join();
    EXPECT_EQ(text_of(0), std::string(150'000, 'x') + "\n");
    for (const Output& unit : units_)
        EXPECT_LE(unit.bytes.size(), wire::output_bytes_max);
}

TEST_F(RankOutputTest, ServesRanksInTurns) {
    std::map<Rank, UniqueFd> writers;
    for (Rank rank = 0; rank < 8; ++rank) {
        writers[rank] = add(rank);
        write_all(writers[rank], std::string(60'000, 'x') + "\n");
    }
    grant(10'000);
    on_unit_ = [&](const Output& unit) { grant(unit.bytes.size()); };
    run_until([&] { return units_.size() >= 25; });
    std::map<Rank, int> turns;
    for (const Output& unit : std::span{units_}.first(25))
        ++turns[unit.rank];
    for (Rank rank = 0; rank < 8; ++rank)
        EXPECT_NEAR(turns[rank], 3, 1) << rank;
}

TEST_F(RankOutputTest, CountsWhatItDropsWhenItGivesUp) {
    const UniqueFd first = add(0), second = add(1);
    const auto before = ::signal(SIGPIPE, SIG_IGN);
    grant(10);
    write_all(first, "12345");
    loop_.run_for(20ms);
    write_all(first, "678");
    write_all(second, "abc\n");
    loop_.run_for(20ms);
    output_.give_up();
    run_to_the_end();
    EXPECT_EQ(output_.sent_bytes() + output_.dropped_bytes(), 12u);
    EXPECT_LT(::write(first.get(), "x", 1), 0);
    ::signal(SIGPIPE, before);
}

TEST_F(RankOutputTest, MayGiveUpFromItsOwnCallback) {
    const UniqueFd first = add(0), second = add(1);
    write_all(first, "one\n");
    write_all(second, "two\n");
    on_unit_ = [&](const Output&) { output_.give_up(); };
    grant(100);
    run_to_the_end();
    EXPECT_EQ(output_.sent_bytes() + output_.dropped_bytes(), 8u);
}

// 16 ranks write as stdio does, some lines at a time, each write() as a whole; a slow reader gives
// credit back late: every unit ends with a line, and every rank's text is whole.
TEST_F(RankOutputTest, KeepsEveryRanksLinesWholeWithASlowReader) {
    constexpr Rank ranks = 16;
    constexpr std::size_t window = 16'384;
    std::vector<std::string> texts(ranks);
    std::vector<std::thread> writers;
    for (Rank rank = 0; rank < ranks; ++rank) {
        std::mt19937 random{rank};
        std::vector<std::string> pieces(200);
        for (std::string& piece : pieces) {
            while (piece.size() < PIPE_BUF / 2)
                piece += std::string(random() % 2'000, static_cast<char>('a' + rank)) + '\n';
            texts[rank] += piece;
        }
        writers.emplace_back([writer = add(rank), pieces = std::move(pieces)] {
            for (const std::string& piece : pieces)
                write_all(writer, piece);
        });
    }
    std::deque<std::size_t> owed;
    on_unit_ = [&](const Output& unit) {
        EXPECT_EQ(unit.bytes.back(), std::byte{'\n'});
        owed.push_back(unit.bytes.size());
    };
    grant(window);
    bool is_drained = false;
    asio::co_spawn(loop_, output_.drained(), [&](std::exception_ptr) { is_drained = true; });
    run_until([&] {
        if (!owed.empty()) {
            grant(owed.front());
            owed.pop_front();
        }
        return is_drained;
    });
    for (std::thread& writer : writers)
        writer.join();
    std::size_t total = 0;
    for (Rank rank = 0; rank < ranks; ++rank) {
        EXPECT_EQ(text_of(rank), texts[rank]) << rank;
        total += texts[rank].size();
    }
    EXPECT_EQ(output_.sent_bytes(), total);
}

TEST(RankOutput, MayBeDestroyedWithWorkPending) {
    asio::io_context loop{1};
    process::Pipe pipe = process::make_pipe();
    {
        RankOutput output{loop.get_executor(), wire::StreamId::out, [](Output) {}};
        output.add(0, std::move(pipe.reader));
        output.grant(100);
        write_all(pipe.writer, "unfinished");
        loop.run_for(10ms);
        write_all(pipe.writer, "x");
        output.grant(100);
    }
    loop.restart();
    loop.run();
}

}  // namespace
}  // namespace vrun::shepherd
