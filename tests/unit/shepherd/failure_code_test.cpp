// SPDX-License-Identifier: Apache-2.0
#include "daemon/shepherd/failure_code.hpp"

#include <gtest/gtest.h>

namespace vrun::shepherd {
namespace {

using enum wire::FailureKind;

struct Row {
    const char* what;
    wire::FailureKind kind;
    std::int32_t code;
    std::int32_t named;  // the failure's own exit_code
    int expected;
};

constexpr Row rows[] = {
    {"AllWell", none, 0, 0, 0},
    {"ExitOne", exited, 1, 0, 1},
    {"Exit255", exited, 255, 0, 255},
    {"Terminated", signaled, 15, 0, 143},
    {"Segfault", signaled, 11, 0, 139},
    {"ExitZeroBeforeFinalize", not_finalized, 0, 0, 1},
    {"AbortSeven", aborted, 7, 0, 7},
    {"AbortZeroIsNoSuccess", aborted, 0, 0, 1},
    {"Abort256IsNoSuccess", aborted, 256, 0, 1},
    {"AbortErrorClassKeepsLowByte", aborted, 940137231, 0, 15},
    {"AbortMinusOne", aborted, -1, 0, 255},
    {"ProgramNotFound", not_started, 2, 127, 127},
    {"ProgramNotExecutable", not_started, 13, 126, 126},
    {"UserRefused", not_started, 1, 123, 123},
    {"NotStartedWithoutACode", not_started, 0, 0, 127},
    {"NodeLost", node_lost, 0, 0, 121},
    {"Interrupted", cancelled, 2, 0, 130},
    {"CancelledWithoutASignal", cancelled, 0, 0, 143},
    {"TimedOut", cancelled, 15, 110, 110},
    {"ReaderGone", client_gone, 0, 0, 141},
    {"OutputFailed", client_gone, 0, 74, 74},
    {"LeaseExpired", lease_expired, 0, 0, 122},
    {"TimeIsOver", timed_out, 0, 0, 110},
};

class ExitCode : public testing::TestWithParam<Row> {};

TEST_P(ExitCode, IsThatOfTheTable) {
    const Row& row = GetParam();
    wire::Failure failure;
    failure.kind = row.kind;
    failure.code = row.code;
    failure.exit_code = row.named;
    EXPECT_EQ(exit_code_of(failure), row.expected);
    EXPECT_EQ(with_exit_code(failure).exit_code, row.expected);
}

INSTANTIATE_TEST_SUITE_P(Failures, ExitCode, testing::ValuesIn(rows),
                         [](const auto& row) { return std::string{row.param.what}; });

}  // namespace
}  // namespace vrun::shepherd
