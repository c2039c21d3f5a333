// SPDX-License-Identifier: Apache-2.0
#include "process/descriptors.hpp"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <string>
#include <system_error>

namespace vrun::process {
namespace {

class DescriptorLimit {
public:
    explicit DescriptorLimit(rlim_t soft) {
        ::getrlimit(RLIMIT_NOFILE, &before_);
        const rlimit limit{soft, before_.rlim_max};
        ::setrlimit(RLIMIT_NOFILE, &limit);
    }
    ~DescriptorLimit() { ::setrlimit(RLIMIT_NOFILE, &before_); }
    DescriptorLimit(const DescriptorLimit&) = delete;
    DescriptorLimit& operator=(const DescriptorLimit&) = delete;

private:
    rlimit before_{};
};

TEST(Descriptors, SayHowManyAreMissingAndWhatToDo) {
    const DescriptorLimit limit{64};
    try {
        require_descriptors(70);
        FAIL() << "there are only 64";
    } catch (const std::system_error& error) {
        EXPECT_EQ(error.code(), std::errc::too_many_files_open);
        EXPECT_NE(std::string{error.what()}.find("ulimit -n"), std::string::npos) << error.what();
    }
}

TEST(Descriptors, AreThereAgainAfterwards) {
    const DescriptorLimit limit{64};
    for (int round = 0; round < 3; ++round)
        require_descriptors(40);
}

}  // namespace
}  // namespace vrun::process
