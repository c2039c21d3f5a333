// SPDX-License-Identifier: Apache-2.0
#include "daemon/mpi_libraries.hpp"

#include <gtest/gtest.h>
#include <unistd.h>
#include <cstdlib>
#include <fstream>

namespace vrun::daemon {
namespace {

namespace fs = std::filesystem;

TEST(MpiLibraries, AreFoundByTheirNames) {
    std::string directory = testing::TempDir() + "vrun-libraries.XXXXXX";
    ASSERT_NE(::mkdtemp(directory.data()), nullptr);
    const fs::path root{directory};
    for (const char* path :
         {"usr/lib/x86_64-linux-gnu/libmpi.so.40", "usr/lib/x86_64-linux-gnu/libmpi.so.40.30.4",
          "usr/lib/x86_64-linux-gnu/libmpi_cxx.so.40", "usr/lib64/mpich/lib/libmpich.so.12",
          "opt/mine/lib/libmpi.so.80", "own/libmpi.so.1", "elsewhere/libmpi.so.2"}) {
        fs::create_directories((root / path).parent_path());
        std::ofstream{root / path};
    }
    const std::vector<std::string> expected{
        (root / "opt/mine/lib/libmpi.so.80").string(), (root / "own/libmpi.so.1").string(),
        (root / "usr/lib/x86_64-linux-gnu/libmpi.so.40").string(),
        (root / "usr/lib64/mpich/lib/libmpich.so.12").string()};
    EXPECT_EQ(mpi_libraries("/no/such:/own:relative", root), expected);
    fs::remove_all(root);
}

}  // namespace
}  // namespace vrun::daemon
