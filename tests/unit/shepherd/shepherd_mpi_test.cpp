// SPDX-License-Identifier: Apache-2.0
// Real ranks of every MPI that is installed, under a real shepherd. Exit codes alone would not
// notice singletons. (Open MPI uses the PMIx server, MPICH the PMI server.)
#include "shepherd_under_test.hpp"
#include "wire/job_id.hpp"
#include "wire/messages/wireup.hpp"

#include <gtest/gtest.h>

namespace vrun::shepherd {
namespace {

using namespace test;
using wire::FailureKind;

struct Mpi {
    const char* name;
    const char* program;  // tests/support/mpi_where.c
    std::vector<std::string> settings = {};
};

void PrintTo(const Mpi& mpi, std::ostream* out) {
    *out << mpi.name;
}

const std::vector<Mpi> installed = {
#ifdef VRUN_OPENMPI_WHERE
    {"OpenMpi", VRUN_OPENMPI_WHERE, {"OMPI_MCA_btl=self,vader,tcp"}},
#endif
#ifdef VRUN_MPICH_WHERE
    {"Mpich", VRUN_MPICH_WHERE},
    {"MpichPmi2", VRUN_MPICH_WHERE, {"MPIR_CVAR_PMI_VERSION=2"}},  // from 4.2 on
#endif
};

// Nobody renews the lease here, and a busy machine takes its time.
wire::LaunchJob job_with(const Mpi& mpi, std::uint32_t ranks,
                         std::vector<std::string> arguments = {}) {
    arguments.insert(arguments.begin(), mpi.program);
    wire::LaunchJob job = job_of(ranks, std::move(arguments));
    job.environment.insert(job.environment.end(), mpi.settings.begin(), mpi.settings.end());
    job.lease_ms = std::chrono::milliseconds{test_limit}.count();
    return job;
}

class RealMpi : public testing::TestWithParam<Mpi> {
protected:
    static wire::LaunchJob mpi_job(std::uint32_t ranks, std::vector<std::string> arguments = {}) {
        return job_with(GetParam(), ranks, std::move(arguments));
    }
};

class RealMpiOfSize : public testing::TestWithParam<std::tuple<Mpi, std::uint32_t>> {};

std::string line_of(wire::Rank rank, std::uint32_t size) {
    const std::string all = std::to_string(size);
    return "rank " + std::to_string(rank) + " of " + all + ", " + all + " here\n";
}

TEST_P(RealMpiOfSize, RanksFindEachOther) {
    const auto& [mpi, size] = GetParam();
    run_alone(job_with(mpi, size), [ranks = size](ShepherdUnderTest& shepherd) {
        EXPECT_EQ(shepherd.ended->exit_code, 0);
        for (wire::Rank rank = 0; rank < ranks; ++rank)
            EXPECT_EQ(shepherd.out(rank), line_of(rank, ranks)) << shepherd.err(rank);
    });
}

TEST_P(RealMpi, AbortReturnsItsCode) {
    run_alone(mpi_job(2, {"abort", "7"}), [](ShepherdUnderTest& shepherd) {
        // MPICH 4.2's PMI-2 tells no code: it aborts with -1. Before, the setting does nothing.
        const bool may_lack_code = GetParam().name == std::string_view{"MpichPmi2"};
        const int code = shepherd.ended->exit_code;
        EXPECT_TRUE(code == 7 || (may_lack_code && code == 255)) << code;
        EXPECT_EQ(shepherd.failures.at(0).kind, FailureKind::aborted);
        EXPECT_EQ(shepherd.failures.at(0).rank, 1u);
    });
}

TEST_P(RealMpi, LeavingWithoutFinalizeIsAFailure) {
    run_alone(mpi_job(2, {"leave"}), [](ShepherdUnderTest& shepherd) {
        EXPECT_EQ(shepherd.ended->exit_code, 1);
        EXPECT_EQ(shepherd.failures.at(0).kind, FailureKind::not_finalized);
        EXPECT_EQ(shepherd.failures.at(0).rank, 1u);
    });
}

TEST_P(RealMpi, OneShepherdServesSeveralJobs) {
    with_shepherd([](ShepherdUnderTest& shepherd) -> Task {
        for (int round = 0; round < 3; ++round) {
            shepherd.texts.clear();
            shepherd.start(mpi_job(2));
            co_await shepherd.job_ends();
            EXPECT_EQ(shepherd.out(1), line_of(1, 2)) << shepherd.err(1);
        }
    });
}

INSTANTIATE_TEST_SUITE_P(Installed, RealMpiOfSize,
                         testing::Combine(testing::ValuesIn(installed),
                                          testing::Values(1u, 2u, 4u)),
                         [](const auto& both) {
                             return std::get<0>(both.param).name +
                                    std::to_string(std::get<1>(both.param));
                         });
INSTANTIATE_TEST_SUITE_P(Installed, RealMpi, testing::ValuesIn(installed),
                         [](const auto& mpi) { return std::string{mpi.param.name}; });

}  // namespace
}  // namespace vrun::shepherd
