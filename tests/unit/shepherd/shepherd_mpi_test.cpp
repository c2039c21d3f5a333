// SPDX-License-Identifier: Apache-2.0
// Real Open MPI ranks under a real shepherd. Exit codes alone would not notice singletons.
#include "shepherd_under_test.hpp"
#include "wire/job_id.hpp"
#include "wire/messages/wireup.hpp"

#include <gtest/gtest.h>

#ifdef VRUN_MPI_WHERE  // Open MPI is installed

namespace vrun::shepherd {
namespace {

using namespace test;
using wire::FailureKind;

wire::LaunchJob mpi_job(std::uint32_t ranks, std::vector<std::string> arguments = {}) {
    arguments.insert(arguments.begin(), VRUN_MPI_WHERE);
    wire::LaunchJob job = job_of(ranks, std::move(arguments));
    job.environment.insert(job.environment.end(), {"OMPI_MCA_btl=self,vader,tcp"});
    return job;
}

class OpenMpi : public testing::TestWithParam<std::uint32_t> {};

TEST_P(OpenMpi, RanksFindEachOther) {
    const std::uint32_t size = GetParam();
    run_alone(mpi_job(size), [size](ShepherdUnderTest& shepherd) {
        EXPECT_EQ(shepherd.ended->exit_code, 0);
        for (wire::Rank rank = 0; rank < size; ++rank) {
            const std::string all = std::to_string(size);
            EXPECT_EQ(shepherd.out(rank),
                      "rank " + std::to_string(rank) + " of " + all + ", " + all + " here\n")
                << shepherd.err(rank);
        }
    });
}

INSTANTIATE_TEST_SUITE_P(Ranks, OpenMpi, testing::Values(1u, 2u, 4u));

TEST(OpenMpiEnds, AbortReturnsItsCode) {
    run_alone(mpi_job(2, {"abort", "7"}), [](ShepherdUnderTest& shepherd) {
        EXPECT_EQ(shepherd.ended->exit_code, 7);
        EXPECT_EQ(shepherd.failures.at(0).kind, FailureKind::aborted);
        EXPECT_EQ(shepherd.failures.at(0).rank, 1u);
    });
}

TEST(OpenMpiEnds, LeavingWithoutFinalizeIsAFailure) {
    run_alone(mpi_job(2, {"leave"}), [](ShepherdUnderTest& shepherd) {
        EXPECT_EQ(shepherd.ended->exit_code, 1);
        EXPECT_EQ(shepherd.failures.at(0).kind, FailureKind::not_finalized);
        EXPECT_EQ(shepherd.failures.at(0).rank, 1u);
    });
}

TEST(OpenMpiEnds, OneShepherdServesSeveralJobs) {
    with_shepherd([](ShepherdUnderTest& shepherd) -> Task {
        for (int round = 0; round < 3; ++round) {
            shepherd.texts.clear();
            shepherd.start(mpi_job(2));
            co_await shepherd.job_ends();
            EXPECT_EQ(shepherd.out(1), "rank 1 of 2, 2 here\n") << shepherd.err(1);
        }
    });
}

}  // namespace
}  // namespace vrun::shepherd

#endif
