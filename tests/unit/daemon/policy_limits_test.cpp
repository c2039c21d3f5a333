// SPDX-License-Identifier: Apache-2.0
#include "daemon/policy_limits.hpp"

#include "wire/messages/failure.hpp"

#include <gtest/gtest.h>
#include <functional>

namespace vrun::daemon {
namespace {

using wire::MapBy, wire::Object;

wire::SubmitJob plain_request() {
    wire::SubmitJob request;
    request.apps.resize(2);
    return request;
}

wire::Mapping mapping(MapBy by, Object object) {
    wire::Mapping map;
    map.by = by;
    map.object = object;
    map.count = by == MapBy::per_object ? 2 : 0;
    return map;
}

TEST(PolicyLimits, RefuseWhatWouldPutRanksElsewhere) {
    const std::vector<std::function<void(wire::SubmitJob&)>> asks{
        [](auto& r) { r.plan_only = true; },
        [](auto& r) { r.placement.map = mapping(MapBy::per_object, Object::numa); },
        [](auto& r) { r.placement.map.by = MapBy::sequential; },
        [](auto& r) { r.placement.map.by = MapBy::rankfile; },
        [](auto& r) { r.placement.map.by = MapBy::cpu_list; },
        [](auto& r) {
            r.placement.map = mapping(MapBy::object, Object::numa);
            r.placement.map.span = true;
        },
        [](auto& r) { r.placement.rank.by = wire::RankBy::object; },
        [](auto& r) { r.placement.no_local = true; },
        [](auto& r) { r.apps[1].host_words = {"b"}; },
    };
    for (std::size_t i = 0; i < asks.size(); ++i) {
        wire::SubmitJob request = plain_request();
        asks[i](request);
        const auto refusal = refusal_of_policy(request);
        ASSERT_TRUE(refusal) << i;
        EXPECT_EQ(refusal->exit_code, wire::exit_code::usage);
        EXPECT_NE(refusal->sentence.find("--map-by slot"), std::string::npos);
    }
}

TEST(PolicyLimits, TakeWhatEndsOnTheSameNodes) {
    for (const MapBy by : {MapBy::unset, MapBy::slot, MapBy::object}) {
        wire::SubmitJob request = plain_request();
        request.placement.map = mapping(by, Object::core);
        EXPECT_FALSE(refusal_of_policy(request));
        EXPECT_TRUE(notices_of_policy(request).empty());
    }
    wire::SubmitJob request = plain_request();
    request.placement.map = mapping(MapBy::per_object, Object::node);
    for (wire::App& app : request.apps)
        app.host_words = {"a", "b"};
    EXPECT_FALSE(refusal_of_policy(request));
}

TEST(PolicyLimits, SayWhatIsNotDone) {
    wire::SubmitJob request = plain_request();
    request.placement.bind.to = wire::BindTo::none;
    EXPECT_TRUE(notices_of_policy(request).empty());
    request.placement.bind.to = wire::BindTo::object;
    EXPECT_EQ(notices_of_policy(request).size(), 1u);
    request.display.map = true;
    EXPECT_EQ(notices_of_policy(request).size(), 2u);
}

}  // namespace
}  // namespace vrun::daemon
