// SPDX-License-Identifier: Apache-2.0
#include "daemon/options.hpp"

#include <gtest/gtest.h>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>

namespace vrun::daemon {
namespace {

using Words = std::vector<std::string>;

class OptionsTest : public testing::Test {
protected:
    OptionsTest() {
        std::string name =
            (std::filesystem::temp_directory_path() / "vrun-options-XXXXXX").string();
        directory_ = ::mkdtemp(name.data());
        config_ = directory_ / "vrund.conf";
    }
    ~OptionsTest() override { std::filesystem::remove_all(directory_); }

    void config(const std::string& text) { std::ofstream{config_} << text; }

    Result<Options> parse(Words arguments) {
        const auto environment = [this](const char* name) -> std::optional<std::string> {
            const auto found = environment_.find(name);
            if (found == environment_.end()) return std::nullopt;
            return found->second;
        };
        return parse_options({std::move(arguments), environment, config_});
    }
    Options parsed(Words arguments) {
        auto options = parse(std::move(arguments));
        if (options) return *options;
        ADD_FAILURE() << options.error().message();
        return {};
    }
    std::string refusal(Words arguments) {
        const auto options = parse(std::move(arguments));
        return options ? "" : options.error().message();
    }

    std::filesystem::path directory_;
    std::string config_;
    std::map<std::string, std::string> environment_;
};

Words texts(const Options& options) {
    Words texts;
    for (const auto& source : options.discovery)
        texts.push_back(source.text);
    return texts;
}

TEST_F(OptionsTest, HasDefaults) {
    const Options options = parsed({});
    EXPECT_EQ(options.port, 7117);
    EXPECT_EQ(options.lease, std::chrono::seconds{10});
    EXPECT_EQ(options.linger, std::chrono::seconds{60});
    EXPECT_EQ(options.spool_mib, 8u);
    EXPECT_EQ(options.log_level, process::LogLevel::info);
    EXPECT_FALSE(options.slots || options.controller || options.is_private || options.client_fd);
    EXPECT_TRUE(options.discovery.empty() && options.command.empty() && options.name.empty());
}

TEST_F(OptionsTest, ReadsEveryFlag) {
    const Options options =
        parsed({"--discovery", "dns:tasks.worker", "--discovery=hosts:a,b:4", "--key-file", "/k",
                "--port", "0", "--socket", "/s", "--slots", "3", "--name", "n1", "--controller",
                "--lease", "2.5", "--log-level", "debug", "--insecure-no-auth"});
    EXPECT_EQ(texts(options), (Words{"dns:tasks.worker", "hosts:a,b:4"}));
    EXPECT_EQ(options.key_file, "/k");
    EXPECT_EQ(options.port, 0);
    EXPECT_EQ(options.socket, "/s");
    EXPECT_EQ(options.slots, 3u);
    EXPECT_EQ(options.name, "n1");
    EXPECT_TRUE(options.controller && options.insecure_no_auth);
    EXPECT_EQ(options.lease, std::chrono::milliseconds{2500});
    EXPECT_EQ(parsed({"--linger", "0"}).linger, std::chrono::milliseconds{0});
    EXPECT_EQ(options.log_level, process::LogLevel::debug);
}

TEST_F(OptionsTest, ReadsEveryVariable) {
    environment_ = {{"VRUN_DISCOVERY", "hosts:a,b:4,dns:tasks.worker"},
                    {"VRUN_KEY_FILE", "/k"},
                    {"VRUN_PORT", "1"},
                    {"VRUN_SOCKET", "/s"},
                    {"VRUN_SLOTS", "3"},
                    {"VRUN_NODE_NAME", "n1"},
                    {"VRUN_CONTROLLER", "Yes"},
                    {"VRUN_LEASE", "30"},
                    {"VRUN_LOG_LEVEL", "error"}};
    const Options options = parsed({});
    EXPECT_EQ(texts(options), (Words{"hosts:a,b:4", "dns:tasks.worker"}));
    EXPECT_EQ(options.key_file, "/k");
    EXPECT_EQ(options.port, 1);
    EXPECT_EQ(options.socket, "/s");
    EXPECT_EQ(options.slots, 3u);
    EXPECT_EQ(options.name, "n1");
    EXPECT_TRUE(options.controller);
    EXPECT_EQ(options.lease, std::chrono::seconds{30});
    EXPECT_EQ(options.log_level, process::LogLevel::error);
}

TEST_F(OptionsTest, ReadsTheFile) {
    config(
        "# nodes\ndiscovery = hosts:a,b:4\ndiscovery = dns:w\n\nport=9\ncontroller = no\n"
        "key-file = \"/k k\"\nlease = 20\n");
    const Options options = parsed({});
    EXPECT_EQ(texts(options), (Words{"hosts:a,b:4", "dns:w"}));
    EXPECT_EQ(options.port, 9);
    EXPECT_FALSE(options.controller);
    EXPECT_EQ(options.lease, std::chrono::seconds{20});
}

TEST_F(OptionsTest, TakesTheFlagBeforeTheVariableBeforeTheFile) {
    config("port = 1\nslots = 1\nname = file\ndiscovery = dns:file\n");
    environment_ = {{"VRUN_PORT", "2"},
                    {"VRUN_SLOTS", "2"},
                    {"VRUN_NODE_NAME", ""},
                    {"VRUN_DISCOVERY", "dns:variable"}};
    const Options options = parsed({"--port", "3"});
    EXPECT_EQ(options.port, 3);
    EXPECT_EQ(options.slots, 2u);
    EXPECT_EQ(options.name, "file");  // an empty variable says nothing
    EXPECT_EQ(texts(options), (Words{"dns:variable"}));
}

TEST_F(OptionsTest, KeepsHostfilesOfAFormat) {
    using wire::HostfileFormat;
    environment_["VRUN_KEEP_HOSTFILE"] = "/etc/a:mpich";
    EXPECT_EQ(parsed({}).hostfiles, (std::vector<Hostfile>{{"/etc/a", HostfileFormat::mpich}}));
    environment_["VRUN_KEEP_HOSTFILE"] = "/etc/a:mpich,/b,/c:mca";
    EXPECT_EQ(parsed({}).hostfiles, (std::vector<Hostfile>{{"/etc/a", HostfileFormat::mpich},
                                                           {"/b", HostfileFormat::openmpi},
                                                           {"/c", HostfileFormat::mca}}));
    const Options options =
        parsed({"--hostfile", "/etc/b", "--hostfile", "/x:y:plain", "--hostfile", "/x:y",
                "--hostfile", "/m:mca", "--hostfile", "/p:prte", "--hostfile", "/h:hydra"});
    EXPECT_EQ(options.hostfiles, (std::vector<Hostfile>{{"/etc/b", HostfileFormat::openmpi},
                                                        {"/x:y", HostfileFormat::plain},
                                                        {"/x:y", HostfileFormat::openmpi},
                                                        {"/m", HostfileFormat::mca},
                                                        {"/p", HostfileFormat::prte},
                                                        {"/h", HostfileFormat::hydra}}));
    EXPECT_NE(refusal({"--hostfile", ":mpich"}).find("a path is missing"), std::string::npos);
}

TEST_F(OptionsTest, CanTurnDiscoveryOff) {
    config("discovery = dns:file\n");
    EXPECT_EQ(texts(parsed({"--discovery", ""})), Words{});
}

TEST_F(OptionsTest, KeepsTheCommandAsItIs) {
    const Options options = parsed({"--port", "3", "--", "sh", "-c", "--port", "--", "x"});
    EXPECT_EQ(options.command, (Words{"sh", "-c", "--port", "--", "x"}));
}

TEST_F(OptionsTest, KnowsAPrivateDaemon) {
    config("port = bad\n");  // not the user's, so not read
    const Options options = parsed({"--private", "--client-fd", "3"});
    EXPECT_TRUE(options.is_private);
    EXPECT_EQ(options.client_fd, 3);
}

TEST_F(OptionsTest, AnswersHelpAndVersionWhateverElseIsThere) {
    environment_ = {{"VRUN_PORT", "bad"}};
    EXPECT_EQ(parsed({"--help"}).request, Request::help);
    EXPECT_EQ(parsed({"--version"}).request, Request::version);
    for (const char* name : {"--discovery", "VRUN_SLOTS", "--client-fd", "-- CMD", "vrund.conf"})
        EXPECT_NE(help_text().find(name), std::string::npos) << name;
}

TEST_F(OptionsTest, SaysWhatIsWrongAndWhereItCameFrom) {
    EXPECT_EQ(refusal({"--port", "70000"}),
              "--port 70000: not a port (0 to 65535; 0 lets the system choose)");
    environment_["VRUN_PORT"] = "x";
    EXPECT_EQ(refusal({}), "VRUN_PORT=x: not a port (0 to 65535; 0 lets the system choose)");
    environment_.clear();
    EXPECT_EQ(refusal({"--port"}), "--port: its value is missing");
    EXPECT_EQ(refusal({"--port", "1", "--port=2"}), "--port: may be given once");
    EXPECT_EQ(refusal({"--controller=perhaps"}),
              "--controller=perhaps: neither yes nor no (1, true, yes, on; 0, false, no, off)");
    EXPECT_EQ(refusal({"--private=no"}), "--private: takes no value");
    config("port = -1\n");
    EXPECT_EQ(refusal({}),
              config_ + ": port = -1: not a port (0 to 65535; 0 lets the system choose)");
}

TEST_F(OptionsTest, RefusesBadValues) {
    const std::vector<Words> bad{
        {"--port", "65536"},
        {"--port", "-1"},
        {"--port", ""},
        {"--port", "1x"},
        {"--port"},
        {"--slots", "0"},
        {"--slots", "65537"},
        {"--slots", "-1"},
        {"--slots", "two"},
        {"--lease", "0"},
        {"--lease", "1"},
        {"--lease", "nan"},
        {"--lease", "inf"},
        {"--lease", "1e9"},
        {"--linger", "-1"},
        {"--linger", "nan"},
        {"--spool", "0"},
        {"--spool", "4097"},
        {"--spool", "8M"},
        {"--name", ""},
        {"--name", "a b"},
        {"--name", "a\nb"},
        {"--key-file", ""},
        {"--socket", ""},
        {"--log-level", "loud"},
        {"--discovery", "carrier-pigeon:x"},
        {"--private", "--client-fd", "x"},
        {"--private", "--client-fd", "-1"},
        {"--client-fd", "3"},
        {"--private", "--", "sh"},
        {"--"},
        {"--config", "/no/such/file"},
        {"--config", "/"},
        {"--port", "1", "--port", "2"},
        {"--controller=perhaps"},
    };
    for (const Words& words : bad)
        EXPECT_NE(refusal(words), "") << testing::PrintToString(words);
}

TEST_F(OptionsTest, PointsTheWayFromAMistypedWord) {
    EXPECT_EQ(refusal({"--prot", "1"}), "--prot: no such option; vrund --help lists them");
    EXPECT_EQ(refusal({"sleep", "1"}),
              "sleep: not an option; to run a program beside the daemon, put -- before it");
    EXPECT_EQ(refusal({"a\x1b[31m"}),
              "a\\x1b[31m: not an option; to run a program beside the daemon, put -- before it");
    config("prot = 1\n");
    EXPECT_EQ(refusal({}), config_ + ": prot: no such setting; vrund --help lists them");
    config("[cluster]\nport = 1\n");
    EXPECT_NE(refusal({}), "");
    config("slots = 1\nslots = 2\n");
    EXPECT_NE(refusal({}), "");
}

}  // namespace
}  // namespace vrun::daemon
