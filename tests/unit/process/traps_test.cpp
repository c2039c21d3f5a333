// SPDX-License-Identifier: Apache-2.0
#include "process/traps.hpp"

#include "process/user_facts.hpp"

#include <gtest/gtest.h>
#include <unistd.h>
#include <cerrno>

namespace vrun::process {
namespace {

struct CopyRow {
    const char* situation;
    std::int32_t own_error, other_error, ptrace_scope;
    bool is_refused;
};
const CopyRow copy_rows[] = {
    {"nothing forbids it", 0, 0, -1, false},
    {"Yama is there and allows it", 0, 0, 0, false},
    {"a seccomp filter", EPERM, EPERM, -1, true},
    {"a seccomp filter beside Yama", EPERM, EPERM, 1, true},
    {"a kernel without it", ENOSYS, ENOSYS, -1, true},
    {"Yama, where processes may allow each other", 0, EPERM, 1, false},
    {"Yama, where only root may", 0, EPERM, 2, true},
    {"Yama, where nobody may", 0, EPERM, 3, true},
    {"another user namespace", 0, EPERM, -1, true},
};

TEST(Traps, KnowWhoMayNotReadTheOthersMemory) {
    for (const CopyRow& row : copy_rows) {
        wire::UserFacts facts;
        facts.own_copy_error = row.own_error;
        facts.other_copy_error = row.other_error;
        facts.ptrace_scope = row.ptrace_scope;
        EXPECT_EQ(refuses_single_copy(facts), row.is_refused) << row.situation;
    }
}

TEST(Traps, KnowASmallDevShm) {
    wire::UserFacts facts;
    EXPECT_TRUE(is_shm_short(facts, 1)) << "none at all";
    facts.has_shm = true;
    facts.shm_free = 64u << 20;
    EXPECT_FALSE(is_shm_short(facts, 3));
    EXPECT_TRUE(is_shm_short(facts, 4));
    EXPECT_FALSE(is_shm_short(facts, 12, shm_per_rank_min));
    EXPECT_TRUE(is_shm_short(facts, 13, shm_per_rank_min));
}

TEST(UserFacts, AreMeasured) {
    const wire::UserFacts facts = user_facts(::getpid(), {"/tmp", "/dev/shm"});
    EXPECT_EQ(facts.own_copy_error, facts.other_copy_error) << "we ourselves are the other";
    EXPECT_TRUE(facts.has_shm);
    EXPECT_GE(facts.shm_size, facts.shm_free);
    EXPECT_GT(facts.open_files, 0u);
    EXPECT_EQ(facts.directory_length, 4u);
    EXPECT_EQ(user_facts(::getpid(), {"/no/such", ""}).tmp_free, 0u);
}

}  // namespace
}  // namespace vrun::process
