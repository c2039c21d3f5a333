// SPDX-License-Identifier: Apache-2.0
#include "launcher/policy_words.hpp"

#include <gtest/gtest.h>

namespace vrun::launcher {
namespace {

using wire::BindTo, wire::Choice, wire::MapBy, wire::Object, wire::Placement, wire::RankBy;

using Set = std::optional<Error> (*)(Placement&, std::string_view);

Placement parsed(Set set, std::string_view words) {
    Placement placement;
    const auto error = set(placement, words);
    EXPECT_FALSE(error) << words << ": " << (error ? error->message() : "");
    return placement;
}

std::string refused(Set set, std::string_view words) {
    Placement placement;
    const auto error = set(placement, words);
    return error ? error->message() : "";
}

TEST(PolicyWords, MapByObjects) {
    EXPECT_EQ(parsed(set_map_by, "slot").map.by, MapBy::slot);
    for (const auto& [word, object] :
         std::initializer_list<std::pair<const char*, Object>>{{"node", Object::node},
                                                               {"board", Object::node},
                                                               {"socket", Object::package},
                                                               {"package", Object::package},
                                                               {"sock", Object::package},
                                                               {"NUMA", Object::numa},
                                                               {"L1cache", Object::l1cache},
                                                               {"l2cache", Object::l2cache},
                                                               {"l3cache", Object::l3cache},
                                                               {"core", Object::core},
                                                               {"hwthread", Object::hwthread}}) {
        const Placement placement = parsed(set_map_by, word);
        EXPECT_EQ(placement.map.by, MapBy::object) << word;
        EXPECT_EQ(placement.map.object, object) << word;
    }
}

TEST(PolicyWords, MapByTakesModifiers) {
    const Placement placement = parsed(set_map_by, "ppr:2:socket:PE=3,SPAN,oversubscribe");
    EXPECT_EQ(placement.map.by, MapBy::per_object);
    EXPECT_EQ(placement.map.count, 2u);
    EXPECT_EQ(placement.map.object, Object::package);
    EXPECT_EQ(placement.cpus_per_rank, 3u);
    EXPECT_TRUE(placement.map.span);
    EXPECT_EQ(placement.oversubscribe, Choice::yes);

    EXPECT_EQ(parsed(set_map_by, ":OVERSUBSCRIBE").map.by, MapBy::unset);
    EXPECT_EQ(parsed(set_map_by, ":NOOVERSUBSCRIBE").oversubscribe, Choice::no);
    EXPECT_TRUE(parsed(set_map_by, "core:NOLOCAL:HWTCPUS").no_local);
    EXPECT_EQ(parsed(set_map_by, "core:NOLOCAL:HWTCPUS").hwthreads_are_cpus, Choice::yes);
    EXPECT_EQ(parsed(set_map_by, "core:CORECPUS,INHERIT").hwthreads_are_cpus, Choice::no);
    EXPECT_EQ(parsed(set_map_by, "socket:2").map.object, Object::package);  // Hydra's
}

TEST(PolicyWords, MapByNamesFilesAndLists) {
    EXPECT_EQ(parsed(set_map_by, "rankfile:FILE=/a/b:c,d").list.path, "/a/b:c,d");
    EXPECT_EQ(parsed(set_map_by, "rankfile:FILE=x").map.by, MapBy::rankfile);
    EXPECT_EQ(parsed(set_map_by, "seq").map.by, MapBy::sequential);
    const Placement list = parsed(set_map_by, "pe-list=0,2,4-7:ordered");
    EXPECT_EQ(list.map.by, MapBy::cpu_list);
    EXPECT_EQ(list.map.cpu_list, "0,2,4-7");
    EXPECT_TRUE(list.map.ordered);
}

TEST(PolicyWords, RankBy) {
    EXPECT_EQ(parsed(set_rank_by, "slot").rank.by, RankBy::slot);
    EXPECT_EQ(parsed(set_rank_by, "fill").rank.by, RankBy::fill);
    EXPECT_EQ(parsed(set_rank_by, "node").rank.object, Object::node);
    EXPECT_TRUE(parsed(set_rank_by, "numa:SPAN").rank.span);
    EXPECT_TRUE(parsed(set_rank_by, "core:fill").rank.fill);
}

TEST(PolicyWords, BindTo) {
    EXPECT_EQ(parsed(set_bind_to, "none").bind.to, BindTo::none);
    EXPECT_EQ(parsed(set_bind_to, "socket").bind.object, Object::package);
    EXPECT_EQ(parsed(set_bind_to, "core:2").bind.count, 2u);
    EXPECT_EQ(parsed(set_bind_to, "rr").bind.object, Object::hwthread);
    EXPECT_EQ(parsed(set_bind_to, "user:0+4,1,2x3").bind.cpu_list, "0+4,1,2x3");
    EXPECT_EQ(parsed(set_bind_to, "user:1").bind.to, BindTo::each_own);
    EXPECT_EQ(parsed(set_bind_to, "cpu-list:ordered").bind.to, BindTo::cpu_list);
    EXPECT_TRUE(parsed(set_bind_to, "cpu-list:ordered").map.ordered);
    const Placement both = parsed(set_bind_to, "l2cache:overload-allowed,if-supported");
    EXPECT_EQ(both.bind.object, Object::l2cache);
    EXPECT_TRUE(both.bind.overload_allowed && both.bind.if_supported);
    EXPECT_EQ(parsed(set_bind_to, ":overload-allowed").bind.to, BindTo::unset);
}

TEST(PolicyWords, ErrorsNameTheWord) {
    EXPECT_EQ(refused(set_map_by, "skot").find("'skot': not a mapping; use slot"), 0u);
    EXPECT_EQ(refused(set_map_by, "core:PE=x").find("'PE=x': not a positive number"), 0u);
    EXPECT_EQ(refused(set_map_by, "core:PE").find("'PE': a value must follow"), 0u);
    EXPECT_EQ(refused(set_map_by, "core:fast").find("'fast': no such modifier"), 0u);
    EXPECT_EQ(refused(set_map_by, "core:pe-list=a").find("'pe-list=a': not a list"), 0u);
    EXPECT_EQ(refused(set_map_by, "ppr:socket").find("'ppr:socket': not of the form"), 0u);
    EXPECT_EQ(refused(set_map_by, "ppr:0:socket").find("'ppr:0:socket': not of the form"), 0u);
    EXPECT_EQ(refused(set_map_by, "ppr:1:slot").find("'slot': not an object"), 0u);
    EXPECT_EQ(refused(set_map_by, "dist:mlx4_0").find("'dist': mapping by distance"), 0u);
    EXPECT_EQ(refused(set_map_by, "").find("'': not a mapping"), 0u);
    EXPECT_EQ(refused(set_rank_by, "skore").find("'skore': not a ranking"), 0u);
    EXPECT_EQ(refused(set_rank_by, "core:x").find("'x': no such modifier"), 0u);
    EXPECT_EQ(refused(set_bind_to, "slot").find("'slot': not a binding"), 0u);
    EXPECT_EQ(refused(set_bind_to, "").find("'': not a binding"), 0u);
    EXPECT_EQ(refused(set_bind_to, "core:0").find("'0': not a positive number"), 0u);
    EXPECT_EQ(refused(set_bind_to, "user:a").find("'a': not a list of cores"), 0u);
    EXPECT_EQ(refused(set_bind_to, "\x1b[31m").find('\x1b'), std::string::npos);
}

TEST(PolicyWords, CpuSet) {
    EXPECT_EQ(parsed(set_cpu_set, "0-3,8").cpu_set, "0-3,8");
    for (const char* const bad : {"", "a", "1-", "1,,2", "-1", "999999"})
        EXPECT_NE(refused(set_cpu_set, bad), "") << bad;
}

}  // namespace
}  // namespace vrun::launcher
