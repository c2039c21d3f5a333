// SPDX-License-Identifier: Apache-2.0
#include "discovery/lookup.hpp"

#include "discovery/errors.hpp"
#include "tests/support/loop.hpp"
#include "tests/unit/discovery/dns_server.hpp"
#include "wire/base/timeout.hpp"

#include <gtest/gtest.h>
#include <unistd.h>
#include <asio/post.hpp>
#include <cstdlib>
#include <fstream>

namespace vrun::discovery {
namespace {

using namespace std::chrono_literals;
using test::DnsServer;
using test::run_loop;
using Reply = DnsServer::Reply;

constexpr Reply none{}, unknown{DnsServer::nxdomain}, failing{DnsServer::servfail},
    refusing{DnsServer::refused}, silent{.silent = true};
constexpr Reply some(std::size_t count) {
    return {.count = count};
}

// Files of one test, removed with it.
class Files {
public:
    Files() {
        std::string name = "/tmp/vrun-lookup-test.XXXXXX";
        directory_ = ::mkdtemp(name.data());
    }
    ~Files() {
        for (const std::string& path : paths_)
            ::unlink(path.c_str());
        ::rmdir(directory_.c_str());
    }
    std::string write(const std::string& name, const std::string& text) {
        paths_.push_back(directory_ + "/" + name);
        std::ofstream{paths_.back()} << text;
        return paths_.back();
    }

private:
    std::string directory_;
    std::vector<std::string> paths_;
};

// A server, and a lookup that asks it. What the servers of a test know is set before it asks.
struct World {
    explicit World(asio::any_io_executor loop_, std::string search = {}) : loop{loop_} {
        options.dns.servers = server.address();
        options.dns.timeout = 100ms;
        options.dns.resolv_conf = files.write("resolv.conf", "search " + search + "\n");
        options.hosts_file =
            files.write("hosts", "10.9.9.9 tasks.worker named # us\n10.9.9.10 NAMED\n");
    }
    asio::any_io_executor loop;
    DnsServer server{loop};
    Files files;
    LookupOptions options;
};

asio::awaitable<Result<std::vector<Candidate>>> candidates(World& world, std::string word) {
    Lookup lookup{world.loop, world.options};
    Source source = parse_source(word).value();
    auto work = lookup.candidates(std::move(source));
    co_return co_await std::move(work);
}

asio::awaitable<Result<Addresses>> resolved(World& world, std::string name) {
    Lookup lookup{world.loop, world.options};
    co_return co_await lookup.resolve_host(name);
}

using Body = asio::awaitable<void> (*)(World&);

void with_world(Body body, std::string search = {}) {
    run_loop([&](asio::any_io_executor loop) -> asio::awaitable<void> {
        World world{loop, search};
        co_await body(world);
        co_await world.server.stop();
    });
}

template <class T>
std::string message(const Result<T>& result) {
    return result ? "no error" : result.error().message();
}

TEST(Lookup, ReturnsEveryAddressOfATruncatedAnswer) {
    with_world([](World& world) -> asio::awaitable<void> {
        world.server.set("tasks.worker", some(300), some(220));
        const auto found = co_await candidates(world, "dns:tasks.worker:8000");
        EXPECT_TRUE(found) << message(found);
        if (!found) co_return;
        EXPECT_EQ(found->size(), 520u);
        const Candidate first{{}, asio::ip::make_address("10.1.0.0"), 8000, 0, true};
        EXPECT_EQ(found->front(), first);
        EXPECT_EQ(found->back().address, asio::ip::make_address("fd00::1:db"));
        EXPECT_TRUE(world.server.saw_edns);
        EXPECT_EQ(world.server.udp_questions, 2);
        EXPECT_EQ(world.server.tcp_questions, 2);
    });
}

TEST(Lookup, UsesEdnsBeforeTcp) {
    with_world([](World& world) -> asio::awaitable<void> {
        world.server.set("tasks.worker", some(60), none);  // 990 bytes
        const auto found = co_await candidates(world, "dns:tasks.worker");
        EXPECT_TRUE(found && found->size() == 60) << message(found);
        EXPECT_EQ(world.server.tcp_questions, 0);
    });
}

TEST(Lookup, AsksOverTcpWhereUdpIsSilent) {
    with_world([](World& world) -> asio::awaitable<void> {
        world.server.set("tasks.worker", some(3), none);
        world.server.drops_udp = true;
        Lookup lookup{world.loop, world.options};
        const Source source = *parse_source("dns:tasks.worker");
        const auto first = co_await lookup.candidates(source);
        EXPECT_TRUE(first && first->size() == 3);
        const int udp_questions = std::exchange(world.server.udp_questions, 0);
        EXPECT_GT(udp_questions, 0);
        const auto second = co_await lookup.candidates(source);
        EXPECT_TRUE(second && second->size() == 3);
        EXPECT_EQ(world.server.udp_questions, 0);
        EXPECT_EQ(world.server.tcp_questions, 4);
    });
}

TEST(Lookup, DnsSourceNeverReadsTheHostsFile) {
    with_world([](World& world) -> asio::awaitable<void> {
        world.server.set("tasks.worker", some(1), none);
        const auto found = co_await candidates(world, "dns:tasks.worker");
        EXPECT_TRUE(found) << message(found);
        if (!found) co_return;
        const std::vector<Candidate> expected{
            {{}, asio::ip::make_address("10.1.0.0"), default_port, 0}};
        EXPECT_EQ(*found, expected);
    });
}

struct JudgeRow {
    const char* title;
    Reply ipv4, ipv6;
    std::size_t count;
    const char* message;
};

class Judgement : public testing::TestWithParam<JudgeRow> {};

TEST_P(Judgement, IsAWholeListOrAnError) {
    run_loop([](asio::any_io_executor loop) -> asio::awaitable<void> {
        World world{loop};
        const JudgeRow& row = GetParam();
        world.server.set("tasks.worker", row.ipv4, row.ipv6);
        const auto found = co_await candidates(world, "dns:tasks.worker");
        EXPECT_EQ(found ? found->size() : 0, row.count) << message(found);
        EXPECT_EQ(message(found), row.message);
        co_await world.server.stop();
    });
}

INSTANTIATE_TEST_SUITE_P(
    Lookup, Judgement,
    testing::Values(
        JudgeRow{"both", some(3), some(2), 5, "no error"},
        JudgeRow{"only_ipv4", some(3), none, 3, "no error"},
        JudgeRow{"only_ipv6", none, some(3), 3, "no error"},
        JudgeRow{"ipv6_unknown", some(3), unknown, 3, "no error"},
        JudgeRow{"unknown", unknown, unknown, 0, "dns:tasks.worker: no such name (NXDOMAIN)"},
        JudgeRow{"empty", none, none, 0,
                 "dns:tasks.worker: the name exists but has no address (NODATA)"},
        JudgeRow{
            "half_silent", some(3), silent, 0,
            "dns:tasks.worker: tasks.worker (AAAA records): the DNS server did not answer in time"},
        JudgeRow{
            "silent", silent, silent, 0,
            "dns:tasks.worker: tasks.worker (A records): the DNS server did not answer in time"}),
    [](const auto& row) { return std::string{row.param.title}; });

TEST(Lookup, FailureOfOneFamilySpoilsTheAnswer) {
    with_world([](World& world) -> asio::awaitable<void> {
        const std::vector<std::pair<Reply, Reply>> rows{{failing, some(3)},
                                                        {some(3), failing},
                                                        {refusing, some(3)},
                                                        {failing, none},
                                                        {unknown, refusing}};
        for (const auto& [ipv4, ipv6] : rows) {
            world.server.set("tasks.worker", ipv4, ipv6);
            const auto found = co_await candidates(world, "dns:tasks.worker");
            EXPECT_FALSE(found);
            // Old c-ares tells SERVFAIL and REFUSED only as "no server".
            const bool told = !found && (found.error().code == Errc::no_server ||
                                         found.error().code == Errc::server_failed ||
                                         found.error().code == Errc::server_refused);
            EXPECT_TRUE(told) << message(found);
        }
    });
}

TEST(Lookup, TriesTheSearchListAfterTheNameItself) {
    with_world(
        [](World& world) -> asio::awaitable<void> {
            world.server.set("workers.ns.cluster.local", some(4), none);
            const auto found = co_await candidates(world, "dns:workers.ns");
            EXPECT_TRUE(found && found->size() == 4) << message(found);
            EXPECT_EQ(world.server.asked.front(), "workers.ns");
            const auto absolute = co_await candidates(world, "dns:workers.ns.");
            EXPECT_FALSE(absolute);
        },
        "elsewhere cluster.local");
}

TEST(Lookup, SearchesOnAfterAFailureAndReportsItIfNothingIsFound) {
    with_world(
        [](World& world) -> asio::awaitable<void> {
            world.server.set("workers.ns", failing, failing);
            const auto nothing = co_await candidates(world, "dns:workers.ns");
            EXPECT_FALSE(nothing);
            EXPECT_NE(message(nothing).find("workers.ns (A records)"), std::string::npos)
                << message(nothing);
            world.server.set("workers.ns.cluster.local", some(4), none);
            const auto found = co_await candidates(world, "dns:workers.ns");
            EXPECT_TRUE(found && found->size() == 4) << message(found);
        },
        "cluster.local");
}

TEST(Lookup, SaysThatAnAnswerAtTheLimitMayBePartial) {
    with_world([](World& world) -> asio::awaitable<void> {
        // 12 + 18 + 2339 * 28 bytes: one more would not fit.
        world.server.set("tasks.worker", {.count = 2339, .names = DnsServer::Names::in_full}, none);
        const auto cut = co_await candidates(world, "dns:tasks.worker");
        EXPECT_EQ(cut ? std::error_code{} : cut.error().code, Errc::partial_answer);
        world.server.set("tasks.worker", {.count = 2300, .names = DnsServer::Names::in_full}, none);
        const auto whole = co_await candidates(world, "dns:tasks.worker");
        EXPECT_TRUE(whole && whole->size() == 2300) << message(whole);
        world.server.set("tasks.worker", some(4000), none);  // compressed: 64,030 bytes
        const auto compressed = co_await candidates(world, "dns:tasks.worker");
        EXPECT_TRUE(compressed && compressed->size() == 4000) << message(compressed);
    });
}

TEST(Lookup, NamesThatPeopleTypeAreLiteralsThenHostsFileThenDns) {
    with_world([](World& world) -> asio::awaitable<void> {
        world.server.set("other", some(2), none);
        world.server.set("named", some(9), some(9));
        const auto literal = co_await resolved(world, "fe80::1");
        EXPECT_TRUE(literal && literal->front().to_string() == "fe80::1") << message(literal);
        const auto named = co_await resolved(world, "Named");
        EXPECT_TRUE(named && named->size() == 2 && named->back().to_string() == "10.9.9.10")
            << message(named);
        EXPECT_EQ(world.server.udp_questions, 0);
        const auto other = co_await resolved(world, "other");
        EXPECT_TRUE(other && other->size() == 2) << message(other);
        const auto local = co_await resolved(world, "localhost");
        EXPECT_TRUE(local && local->front().is_loopback()) << message(local);
        const auto missing = co_await resolved(world, "missing");
        EXPECT_EQ(message(missing), "host missing: no such name (NXDOMAIN)");
        const auto garbage = co_await resolved(world, "a b\x1b");
        EXPECT_NE(message(garbage).find("host a b\\x1b: not a host name"), std::string::npos)
            << message(garbage);
    });
}

TEST(Lookup, HostsSourceKeepsNamesAndSlots) {
    with_world([](World& world) -> asio::awaitable<void> {
        world.server.set("b", some(2), none);
        const auto found = co_await candidates(world, "hosts:10.0.0.1:3,b,[::1]:2");
        EXPECT_TRUE(found) << message(found);
        if (!found) co_return;
        const auto address = [](const char* text) { return asio::ip::make_address(text); };
        const std::vector<Candidate> expected{{"10.0.0.1", address("10.0.0.1"), default_port, 3},
                                              {"b", address("10.1.0.0"), default_port, 1},
                                              {"b", address("10.1.0.1"), default_port, 1},
                                              {"::1", address("::1"), default_port, 2}};
        EXPECT_EQ(*found, expected);
        const auto missing = co_await candidates(world, "hosts:b,missing");
        EXPECT_EQ(message(missing), "hosts:b,missing: missing: no such name (NXDOMAIN)");
    });
}

TEST(Lookup, FileSourceReadsAHostfile) {
    with_world([](World& world) -> asio::awaitable<void> {
        world.options.port = 8000;
        const std::string path = world.files.write(
            "mpi", "10.0.0.1 slots=4\n# comment\n10.0.0.2:2\n10.0.0.3 port=7200\n");
        const auto found = co_await candidates(world, "file:" + path);
        EXPECT_TRUE(found && found->size() == 3) << message(found);
        if (!found) co_return;
        EXPECT_EQ(found->front().slots, 4u);
        EXPECT_EQ(found->front().port, 8000);
        EXPECT_EQ(found->back().port, 7200);
        EXPECT_EQ(found->back().slots, 0u);
        const std::string bad = world.files.write("bad", "10.0.0.1\nmissing\n");
        const auto missing = co_await candidates(world, "file:" + bad);
        EXPECT_EQ(message(missing), "file:" + bad + ", line 2: missing: no such name (NXDOMAIN)");
        const auto empty = co_await candidates(world, "file:" + world.files.write("empty", "#\n"));
        EXPECT_NE(message(empty).find("names no host"), std::string::npos) << message(empty);
        const auto absent = co_await candidates(world, "file:/no/such/file");
        EXPECT_EQ(message(absent), "file:/no/such/file: No such file or directory");
        const auto directory = co_await candidates(world, "file:/tmp");
        EXPECT_EQ(message(directory), "file:/tmp: not a regular file");
    });
}

TEST(Lookup, ServicesAreHostsWithPorts) {
    with_world(
        [](World& world) -> asio::awaitable<void> {
            const auto address = [](const char* text) { return asio::ip::make_address(text); };
            world.server.set("_vrun._tcp.w.example", Record::service, some(2));
            world.server.set("n0", some(1), none);
            world.server.set("n1", none, some(1));
            const auto found = co_await candidates(world, "srv:_vrun._tcp.w");
            EXPECT_TRUE(found) << message(found);
            if (!found) co_return;
            const std::vector<Candidate> expected{{"n0", address("10.1.0.0"), 7200, 0, true},
                                                  {"n1", address("fd00::1:0"), 7201, 0, true}};
            EXPECT_EQ(*found, expected);
        },
        "example");
}

TEST(Lookup, ServicesThatAreNotAllThereAreAnError) {
    with_world([](World& world) -> asio::awaitable<void> {
        world.server.set("_a", Record::service, none);
        world.server.set("_b", Record::service, failing);
        world.server.set("_c", Record::service, some(2));
        world.server.set("_d", Record::service, some(2'900));
        world.server.set("n0", some(1), none);
        const auto nowhere = co_await candidates(world, "srv:_missing");
        EXPECT_EQ(message(nowhere), "srv:_missing: _missing: no such name (NXDOMAIN)");
        const auto empty = co_await candidates(world, "srv:_a");
        EXPECT_EQ(message(empty), "srv:_a: _a: the name exists but has no service (no SRV record)");
        EXPECT_FALSE(co_await candidates(world, "srv:_b"));
        const auto half = co_await candidates(world, "srv:_c");
        EXPECT_EQ(message(half), "srv:_c: n1: no such name (NXDOMAIN)");
    });
}

TEST(Lookup, SlurmsNodesAreResolvedAsPeopleTypeThem) {
    with_world([](World& world) -> asio::awaitable<void> {
        world.server.set("n1", some(1), none);
        world.options.variable = [](const char* name) -> std::optional<std::string> {
            if (name == std::string_view{"SLURM_JOB_NODELIST"}) return "n1,named";
            if (name == std::string_view{"SLURM_TASKS_PER_NODE"}) return "4(x2)";
            return std::nullopt;
        };
        const auto found = co_await candidates(world, "slurm:");
        EXPECT_TRUE(found && found->size() == 3) << message(found);
        if (!found) co_return;
        EXPECT_EQ(found->front().name, "n1");
        EXPECT_EQ(found->back().name, "named");
        EXPECT_EQ(found->back().slots, 4u);
        world.options.variable = [](const char*) -> std::optional<std::string> { return {}; };
        const auto missing = co_await candidates(world, "slurm:");
        EXPECT_EQ(message(missing),
                  "slurm:: SLURM_JOB_NODELIST: not set: this daemon was not started in a Slurm "
                  "allocation");
    });
}

TEST(Lookup, AsksForAThousandNamesInReasonableTime) {
    with_world([](World& world) -> asio::awaitable<void> {
        std::vector<HostEntry> hosts;
        for (int i = 0; i < 1000; ++i) {
            HostEntry host;
            host.name = "node" + std::to_string(i);
            world.server.set(host.name, some(1), none);
            hosts.push_back(host);
        }
        Lookup lookup{world.loop, world.options};
        auto work = lookup.candidates(std::move(hosts), "--host");
        const auto found = co_await with_timeout(std::move(work), 5s);
        EXPECT_TRUE(found && found->size() == 1000) << message(found);
    });
}

HostEntry host(std::string name) {
    HostEntry entry;
    entry.name = std::move(name);
    return entry;
}

TEST(Lookup, TellsOfEachHostByItself) {
    with_world([](World& world) -> asio::awaitable<void> {
        world.server.set("other", some(2), none);
        std::vector<std::string> waited_for;
        const auto on_ask = [&](const std::string& name) { waited_for.push_back(name); };
        std::vector<HostEntry> hosts{host("missing"), host("named"), host("a b"), host("other"),
                                     host("10.0.0.1")};
        hosts[2].line = 3;
        Lookup lookup{world.loop, world.options};
        auto work = lookup.candidates_of_each(std::move(hosts), "list", on_ask);
        const auto each = co_await std::move(work);
        EXPECT_EQ(each.size(), 5u);
        if (each.size() != 5) co_return;
        EXPECT_EQ(message(each[0]), "list: missing: no such name (NXDOMAIN)");
        EXPECT_TRUE(each[1] && each[1]->size() == 2) << message(each[1]);
        EXPECT_TRUE(message(each[2]).starts_with("list, line 3: a b: not a host name"));
        EXPECT_TRUE(each[3] && each[3]->size() == 2) << message(each[3]);
        EXPECT_TRUE(each[4] && each[4]->front().name == "10.0.0.1") << message(each[4]);
        EXPECT_EQ(waited_for, (std::vector<std::string>{"missing", "other"}));
    });
}

TEST(Lookup, ReadsTheHostsFileOnceForAllHosts) {
    with_world([](World& world) -> asio::awaitable<void> {
        const auto empty_it = [&](const std::string&) { std::ofstream{world.options.hosts_file}; };
        std::vector<HostEntry> hosts(200, host("10.0.0.1"));
        hosts.front() = host("missing");
        hosts.back() = host("named");
        Lookup lookup{world.loop, world.options};
        auto work = lookup.candidates_of_each(std::move(hosts), "list", empty_it);
        const auto each = co_await std::move(work);
        EXPECT_TRUE(each.size() == 200 && each.back());
    });
}

TEST(Lookup, AsksForOneHostWhileAnotherIsSilent) {
    with_world([](World& world) -> asio::awaitable<void> {
        std::vector<HostEntry> hosts;
        for (int i = 0; i < 50; ++i) {
            hosts.push_back(host("silent" + std::to_string(i)));
            world.server.set(hosts.back().name, silent, silent);
        }
        Lookup lookup{world.loop, world.options};
        auto work = lookup.candidates_of_each(std::move(hosts), "list");
        const auto each = co_await with_timeout(std::move(work), 5s);  // of each: 0.5 s
        EXPECT_EQ(each.size(), 50u);
        for (const auto& one : each)
            EXPECT_TRUE(!one && one.error().code == Errc::timed_out) << message(one);
    });
}

TEST(Lookup, ReadsResolvConfAgainWhenItChanged) {
    with_world([](World& world) -> asio::awaitable<void> {
        world.server.set("w1", some(1), none);
        world.server.set("w2.cluster.local", some(2), none);
        const std::string path = world.options.dns.resolv_conf;
        world.options.dns.servers.clear();
        world.options.dns.port = world.server.port();
        std::ofstream{path} << "nameserver 127.0.0.9\n";  // another network's
        Lookup lookup{world.loop, world.options};
        EXPECT_FALSE(co_await lookup.resolve_host("w1"));
        EXPECT_TRUE(world.server.asked.empty());
        std::ofstream{path} << "nameserver 127.0.0.1\n";
        const auto first = co_await lookup.resolve_host("w1");
        EXPECT_TRUE(first && first->size() == 1) << message(first);
        EXPECT_FALSE(co_await lookup.resolve_host("w2"));
        std::ofstream{path} << "nameserver 127.0.0.1\nsearch cluster.local\n";
        const auto second = co_await lookup.resolve_host("w2");
        EXPECT_TRUE(second && second->size() == 2) << message(second);
    });
}

asio::awaitable<void> resolve_into(Lookup& lookup, std::string name,
                                   std::optional<Result<Addresses>>& found) {
    found = co_await lookup.resolve_host(std::move(name));
}

TEST(Lookup, QuestionsUnderWayOutliveAChangeOfResolvConf) {
    with_world([](World& world) -> asio::awaitable<void> {
        world.server.set("slow", silent, silent);
        world.server.set("w1", some(1), none);
        TaskGroup tasks{world.loop, [](auto name, auto) { ADD_FAILURE() << name; }};
        Lookup lookup{world.loop, world.options};
        std::optional<Result<Addresses>> slow;
        tasks.spawn("slow", resolve_into(lookup, "slow", slow));
        while (world.server.udp_questions == 0)
            co_await asio::post(world.loop, asio::use_awaitable);
        std::ofstream{world.options.dns.resolv_conf} << "search cluster.local\n";
        const auto other = co_await lookup.resolve_host("w1");
        EXPECT_TRUE(other) << message(other);
        EXPECT_FALSE(slow);
        world.server.set("slow", some(3), none);  // for the next try
        co_await tasks.join();
        EXPECT_TRUE(slow && *slow && (*slow)->size() == 3);
    });
}

TEST(Lookup, EndsAtOnceWhenCancelled) {
    with_world([](World& world) -> asio::awaitable<void> {
        world.options.dns.timeout = 60s;
        world.server.set("slow", silent, silent);
        Lookup lookup{world.loop, world.options};
        std::error_code code;
        try {
            auto work = lookup.resolve_host("slow");
            (void)co_await with_timeout(std::move(work), 20ms);
        } catch (const std::system_error& error) {
            code = error.code();
        }
        EXPECT_EQ(code, std::errc::timed_out);
    });
}

TEST(Lookup, EndsQuestionsWhenDestroyed) {
    with_world([](World& world) -> asio::awaitable<void> {
        world.server.set("slow", silent, silent);
        auto resolver = std::make_unique<Resolver>(world.loop, world.options.dns);
        const Resolver::Question asked = resolver->ask("slow", Record::ipv4);
        const Resolver::Question dropped = resolver->ask("slow", Record::ipv6);
        while (world.server.udp_questions == 0)
            co_await asio::post(world.loop, asio::use_awaitable);
        resolver.reset();
        std::error_code code;
        try {
            (void)co_await asked.answer();
        } catch (const std::system_error& error) {
            code = error.code();
        }
        EXPECT_EQ(code, asio::error::operation_aborted);
    });
}

// The loop runs out of work by itself: no timer is armed and no socket waits.
TEST(Lookup, LeavesNothingBehindWhenIdle) {
    asio::io_context loop{1};
    World world{loop.get_executor()};
    world.server.set("tasks.worker", some(300), some(3));  // over TCP, and over UDP
    Lookup lookup{loop.get_executor(), world.options};
    const auto body = [&]() -> asio::awaitable<void> {
        Source source = parse_source("dns:tasks.worker").value();
        auto work = lookup.candidates(std::move(source));
        const auto found = co_await std::move(work);
        EXPECT_TRUE(found && found->size() == 303) << message(found);
        co_await world.server.stop();
    };
    asio::co_spawn(loop, body(), [](std::exception_ptr failure) { EXPECT_FALSE(failure); });
    loop.run_for(5s);
    EXPECT_TRUE(loop.stopped()) << "something still waits";
}

}  // namespace
}  // namespace vrun::discovery
