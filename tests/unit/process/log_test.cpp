// SPDX-License-Identifier: Apache-2.0
#include "process/log.hpp"

#include "process/pipe.hpp"
#include "wire/base/result.hpp"

#include <gtest/gtest.h>
#include <climits>
#include <regex>

namespace vrun::process {
namespace {

class LogTest : public testing::Test {
protected:
    LogTest() { set_nonblocking(pipe_.reader); }

    std::string written() const {
        std::string text(1 << 20, '\0');
        const ssize_t count = ::read(pipe_.reader.get(), text.data(), text.size());
        text.resize(count < 0 ? 0 : static_cast<std::size_t>(count));
        return text;
    }

    Pipe pipe_ = make_pipe();
};

TEST_F(LogTest, WritesTimeLevelComponentMessageAndFields) {
    Log log{"vrund", LogLevel::info, pipe_.writer.get()};
    log.warning("peer is gone",
                {{"node", "a"}, {"after_s", 12}, {"why", "it said \"bye\"\n"}, {"empty", ""}});
    const std::regex expected{
        R"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}[+-]\d\d:\d\d warning vrund peer is gone )"
        R"(node=a after_s=12 why="it said \\"bye\\"\\n" empty=""\n)"};
    const std::string text = written();
    EXPECT_TRUE(std::regex_match(text, expected)) << text;
}

TEST_F(LogTest, LeavesOutWhatIsBelowItsLevel) {
    Log log{"vrund", *log_level_of("warning"), pipe_.writer.get()};
    log.info("no");
    log.debug("no");
    EXPECT_EQ(written(), "");
    log.error("yes");
    EXPECT_NE(written(), "");
    EXPECT_EQ(log_level_of("loud"), std::nullopt);
}

TEST_F(LogTest, NeverBlocksAndSaysLaterWhatItDropped) {
    Log log{"vrund", LogLevel::info, pipe_.writer.get()};
    for (int i = 0; i < 10'000; ++i)
        log.info("a line that fills the pipe sooner or later");
    const std::string before = written();
    log.info("after");
    const std::string after = written();
    const auto kept = std::count(before.begin(), before.end(), '\n');
    EXPECT_LT(kept, 10'000);
    EXPECT_NE(after.find("count=" + std::to_string(10'000 - kept)), std::string::npos) << after;
    EXPECT_NE(after.find(" after\n"), std::string::npos);
    EXPECT_EQ(std::count(after.begin(), after.end(), '\n'), 2);
}

TEST_F(LogTest, CutsALineThatWouldMixWithOthers) {
    Log log{"vrund", LogLevel::info, pipe_.writer.get()};
    log.info(std::string(3 * PIPE_BUF, 'x'));
    const std::string text = written();
    EXPECT_EQ(text.size(), std::size_t{PIPE_BUF});
    EXPECT_TRUE(text.ends_with("x...\n"));
}

TEST_F(LogTest, SurvivesAReaderThatIsGone) {
    Log log{"vrund", LogLevel::info, pipe_.writer.get()};
    pipe_.reader = UniqueFd{};
    log.info("nobody reads this");  // SIGPIPE would end the test
}

}  // namespace
}  // namespace vrun::process
