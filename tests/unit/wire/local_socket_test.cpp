// SPDX-License-Identifier: Apache-2.0
#include "wire/local_socket.hpp"

#include <gtest/gtest.h>
#include <unistd.h>
#include <filesystem>
#include <fstream>

namespace vrun::wire {
namespace {

std::string path_of(const char* name) {
    return testing::TempDir() + "local-" + std::to_string(::getpid()) + name;
}

TEST(LocalSocket, ReplacesAStaleOneAndNoLiveOne) {
    const std::string path = path_of(".sock");
    {
        const Result<UniqueFd> first = listen_local(path);
        ASSERT_TRUE(first) << first.error().message();
        EXPECT_EQ(listen_local(path).error().code, std::errc::address_in_use);
    }
    EXPECT_TRUE(listen_local(path));
    ::unlink(path.c_str());
}

TEST(LocalSocket, RemovesNoFileThatIsNoSocket) {
    const std::string path = path_of(".txt");
    std::ofstream{path} << "precious";
    const Result<UniqueFd> refused = listen_local(path);
    ASSERT_FALSE(refused);
    EXPECT_NE(refused.error().message().find(path), std::string::npos);
    EXPECT_TRUE(std::filesystem::exists(path));
    ::unlink(path.c_str());
}

}  // namespace
}  // namespace vrun::wire
