// SPDX-License-Identifier: Apache-2.0
#include "daemon/shepherd/shared_memory.hpp"

#include "wire/base/fd.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <filesystem>

namespace vrun::shepherd {
namespace {

namespace fs = std::filesystem;

class SharedMemory : public testing::Test {
protected:
    void SetUp() override {
        if (!::mkdtemp(directory.data())) GTEST_SKIP() << "no /dev/shm";
    }
    void TearDown() override { fs::remove_all(directory); }

    UniqueFd make(const std::string& name) const {
        const std::string path = directory + '/' + name;
        return UniqueFd{::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)};
    }
    bool exists(const std::string& name) const { return fs::exists(directory + '/' + name); }

    std::string directory = "/dev/shm/vrun-test.XXXXXX";
};

TEST_F(SharedMemory, OfTheDeadIsRemoved) {
    make("mpich_shar_tmpABCDEF");
    make("ucx_shm_posix_1234");
    remove_orphaned_shared_memory(directory);
    EXPECT_TRUE(fs::is_empty(directory));
}

TEST_F(SharedMemory, OfTheLivingAndOfOthersStays) {
    const UniqueFd open = make("mpich_shar_tmpOPEN");
    UniqueFd mapped = make("ucx_shm_posix_mapped");
    ASSERT_EQ(::ftruncate(mapped.get(), 4096), 0);
    void* const memory = ::mmap(nullptr, 4096, PROT_READ, MAP_SHARED, mapped.get(), 0);
    ASSERT_NE(memory, MAP_FAILED);
    mapped = UniqueFd{};
    make("my_data");
    fs::create_directory(directory + "/mpich_shar_tmpDIR");
    fs::create_symlink("my_data", directory + "/mpich_shar_tmpLINK");
    remove_orphaned_shared_memory(directory);
    for (const char* name : {"mpich_shar_tmpOPEN", "ucx_shm_posix_mapped", "my_data",
                             "mpich_shar_tmpDIR", "mpich_shar_tmpLINK"})
        EXPECT_TRUE(exists(name)) << name;
    ::munmap(memory, 4096);
    remove_orphaned_shared_memory(directory);
    EXPECT_FALSE(exists("ucx_shm_posix_mapped"));
}

TEST_F(SharedMemory, MayBeMissing) {
    remove_orphaned_shared_memory(directory + "/nothing");
}

}  // namespace
}  // namespace vrun::shepherd
