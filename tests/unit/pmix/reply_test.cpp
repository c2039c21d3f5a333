// SPDX-License-Identifier: Apache-2.0
#include "pmix/upcalls.hpp"

#include <gtest/gtest.h>

namespace vrun::pmix {
namespace {

struct Answers {
    std::vector<int> statuses;
    Bytes data;
    Reply reply() {
        return Reply{[this](int status, Bytes bytes) {
            statuses.push_back(status);
            data = std::move(bytes);
        }};
    }
};

TEST(Reply, AnswersWithAnErrorWhenDropped) {
    Answers answers;
    {
        Reply reply = answers.reply();
        const Reply moved{std::move(reply)};
        EXPECT_TRUE(answers.statuses.empty());
    }
    EXPECT_EQ(answers.statuses, std::vector{status::error});
}

TEST(Reply, AnswersOnce) {
    Answers answers;
    answers.reply().succeed(wire::bytes_of("all"));
    EXPECT_EQ(answers.statuses, std::vector{status::success});
    EXPECT_EQ(wire::view_as_text(answers.data), "all");
    answers.reply().fail(status::timeout);
    EXPECT_EQ(answers.statuses, (std::vector{status::success, status::timeout}));
}

TEST(Reply, IsAnsweredWhenAnotherTakesItsPlace) {
    Answers first, second;
    Reply reply = first.reply();
    reply = second.reply();
    EXPECT_EQ(first.statuses, std::vector{status::error});
    EXPECT_TRUE(second.statuses.empty());
}

}  // namespace
}  // namespace vrun::pmix
