// SPDX-License-Identifier: Apache-2.0
#include "discovery/source.hpp"

#include "discovery/errors.hpp"

#include <gtest/gtest.h>

namespace vrun::discovery {
namespace {

Source source(std::string_view word) {
    auto parsed = parse_source(word);
    EXPECT_TRUE(parsed) << parsed.error().message();
    return parsed ? *parsed : Source{};
}

TEST(Source, OfDnsIsANameAndAPort) {
    EXPECT_EQ(source("dns:tasks.worker"),
              (Source{Source::Kind::dns, "dns:tasks.worker", "tasks.worker", {}, 0}));
    EXPECT_EQ(source("dns:w.ns.svc.:7200"),
              (Source{Source::Kind::dns, "dns:w.ns.svc.:7200", "w.ns.svc.", {}, 7200}));
}

TEST(Source, OfHostsIsWordsAsForHost) {
    const Source parsed = source("hosts:a,b:4");
    ASSERT_EQ(parsed.hosts.size(), 2u);
    EXPECT_EQ(parsed.hosts[1].name, "b");
    EXPECT_EQ(parsed.hosts[1].slots, 4u);
}

TEST(Source, OfAFileIsItsPath) {
    EXPECT_EQ(source("file:/etc/hosts.mpi").name, "/etc/hosts.mpi");
}

TEST(Source, OfServicesIsAName) {
    EXPECT_EQ(source("srv:_vrun._tcp.workers"),
              (Source{Source::Kind::srv, "srv:_vrun._tcp.workers", "_vrun._tcp.workers", {}, 0}));
}

TEST(Source, OfSlurmIsNothingMore) {
    EXPECT_EQ(source("slurm:"), (Source{Source::Kind::slurm, "slurm:", {}, {}, 0}));
}

TEST(Source, ThatIsWrongIsNamedWithTheReason) {
    const std::vector<std::pair<std::string, std::error_code>> rows{
        {"", Errc::unknown_source},
        {"tasks.worker", Errc::unknown_source},
        {"DNS:worker", Errc::unknown_source},
        {"dns:", Errc::bad_host_name},
        {"dns:a b", Errc::bad_host_name},
        {"dns:a:0", Errc::bad_port},
        {"dns:a:70000", Errc::bad_port},
        {"dns:a:", Errc::bad_port},
        {"dns:10.0.0.1", Errc::address_in_dns},
        {"dns:fe80::1", Errc::address_in_dns},
        {"dns:[fe80::1]:53", Errc::address_in_dns},
        {"hosts:", Errc::bad_host_name},
        {"hosts:a:x", Errc::bad_slots},
        {"file:", std::make_error_code(std::errc::no_such_file_or_directory)},
        {"srv:", Errc::bad_host_name},
        {"srv:_vrun._tcp.workers:7117", Errc::bad_host_name},
        {"slurm:n[1-3]", Errc::slurm_with_name},
    };
    for (const auto& [word, code] : rows) {
        const auto parsed = parse_source(word);
        ASSERT_FALSE(parsed) << word;
        EXPECT_EQ(parsed.error().code, code) << word << ": " << parsed.error().message();
        EXPECT_NE(parsed.error().doing.find("'" + word + "'"), std::string::npos)
            << parsed.error().doing;
    }
}

TEST(Source, ListIsCutAtCommasBeforeAKindOfSource) {
    const auto sources = parse_sources("hosts:a,b:2,dns:tasks.worker,file:/x,y,hosts:c");
    ASSERT_TRUE(sources) << sources.error().message();
    std::vector<std::string> texts;
    for (const Source& each : *sources)
        texts.push_back(each.text);
    EXPECT_EQ(texts, (std::vector<std::string>{"hosts:a,b:2", "dns:tasks.worker", "file:/x,y",
                                               "hosts:c"}));
    const auto nothing = parse_sources("");
    EXPECT_TRUE(nothing && nothing->empty());
    EXPECT_FALSE(parse_sources(","));
    EXPECT_FALSE(parse_sources("dns:a,"));
    EXPECT_FALSE(parse_sources("dns:a,b"));
    EXPECT_FALSE(parse_sources("worker,dns:a"));
}

}  // namespace
}  // namespace vrun::discovery
