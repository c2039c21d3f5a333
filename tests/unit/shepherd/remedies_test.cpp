// SPDX-License-Identifier: Apache-2.0
#include "daemon/shepherd/remedies.hpp"

#include <gtest/gtest.h>
#include <algorithm>
#include <cerrno>
#include <string_view>

namespace vrun::shepherd {
namespace {

using wire::NoticeKind;

wire::UserFacts healthy() {
    wire::UserFacts facts;
    facts.has_shm = true;
    facts.shm_size = facts.shm_free = 1u << 30;
    facts.tmp_free = 1u << 30;
    return facts;
}

bool sets(const Remedies& remedies, std::string_view assignment) {
    return std::ranges::find(remedies.defaults, assignment) != remedies.defaults.end();
}

struct Row {
    const char* situation;
    std::uint64_t ranks, shm_mib, tmp_mib;
    std::int32_t copy_error;
    std::vector<NoticeKind> notices;
    bool copies_twice, moves_files;
};
const Row rows[] = {
    {"all is well", 4, 1024, 1024, 0, {}, false, false},
    {"no single copy", 4, 1024, 1024, EPERM, {NoticeKind::single_copy}, true, false},
    {"the 64 MiB of Docker", 4, 64, 1024, 0, {NoticeKind::moved_shm}, false, true},
    {"the same, two ranks", 2, 64, 1024, 0, {}, false, false},
    {"hardly any", 4, 1, 1024, 0, {NoticeKind::small_shm}, false, true},
    {"and no other place", 4, 1, 10, 0, {NoticeKind::no_room}, false, false},
    {"both", 4, 1, 1024, EPERM, {NoticeKind::single_copy, NoticeKind::small_shm}, true, true},
};

TEST(Remedies, FollowFromTheFacts) {
    for (const Row& row : rows) {
        wire::UserFacts facts = healthy();
        facts.shm_free = row.shm_mib << 20;
        facts.tmp_free = row.tmp_mib << 20;
        facts.own_copy_error = row.copy_error;
        const Remedies remedies = remedies_for(facts, {row.ranks, "/tmp/s/job"});
        std::vector<NoticeKind> kinds;
        for (const wire::NodeNotice& notice : remedies.notices)
            kinds.push_back(notice.kind);
        EXPECT_EQ(kinds, row.notices) << row.situation;
        EXPECT_EQ(sets(remedies, "OMPI_MCA_btl_vader_single_copy_mechanism=none"), row.copies_twice)
            << row.situation;
        EXPECT_FALSE(sets(remedies, "MPIR_CVAR_NOLOCAL=1")) << "must be the same on all nodes";
        EXPECT_EQ(sets(remedies, "OMPI_MCA_smsc=^cma"), row.copies_twice) << row.situation;
        EXPECT_EQ(sets(remedies, "OMPI_MCA_btl_sm_backing_directory=/tmp/s/job"), row.moves_files)
            << row.situation;
    }
}

TEST(Remedies, SayTheNumbers) {
    wire::UserFacts facts = healthy();
    facts.shm_free = 1u << 20;
    const Remedies remedies = remedies_for(facts, {4, "/tmp/s/job"});
    ASSERT_EQ(remedies.notices.size(), 1u);
    EXPECT_NE(remedies.notices[0].sentence.find("/dev/shm has 1 MiB left, and 4 ranks may need "
                                                "20 MiB"),
              std::string::npos)
        << remedies.notices[0].sentence;
}

TEST(Remedies, WarnOfWhatTheUserChose) {
    EXPECT_FALSE(notice_of_tmpdir(""));
    EXPECT_FALSE(notice_of_tmpdir("/tmp/vrun-s.abcdef/0123456789abc"));
    EXPECT_TRUE(notice_of_tmpdir(std::string(65, 'd')));
    const auto notice = notice_of_venv("/x/venv", "/usr/bin/python3");
    EXPECT_EQ(notice.kind, NoticeKind::lost_venv);
    EXPECT_NE(notice.sentence.find("'/x/venv' is not there, '/usr/bin/python3'"),
              std::string::npos);
}

}  // namespace
}  // namespace vrun::shepherd
