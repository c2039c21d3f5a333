// SPDX-License-Identifier: Apache-2.0
#include "launcher/options/parse.hpp"

#include "launcher/options/help.hpp"
#include "launcher/options/table.hpp"
#include "tests/unit/launcher/parsing.hpp"

#include <gtest/gtest.h>
#include <set>

namespace vrun::launcher {
namespace {

using Words = std::vector<std::string>;

using test::parse;

Settings parsed(const Words& words) {
    Result<Settings> settings = parse(words);
    if (settings) return std::move(*settings);
    ADD_FAILURE() << settings.error().message();
    return {};
}

TEST(Options, TakeEverySpellingOfACount) {
    const std::vector<Words> spellings{{"-n", "4", "a"}, {"-np", "4", "a"}, {"--np", "4", "a"},
                                       {"-c", "4", "a"}, {"--n", "4", "a"}, {"-np=4", "a"},
                                       {"--np=4", "a"},  {"-n=4", "a"}};
    for (const Words& words : spellings)
        EXPECT_EQ(parsed(words).apps.front().count, 4u) << words.front();
}

TEST(Options, StopAtTheProgram) {
    const Settings settings = parsed({"-n", "4", "./hello", "-n", "9", "--", "--host=x"});
    const std::vector<std::string> program{"./hello", "-n", "9", "--", "--host=x"};
    EXPECT_EQ(settings.apps.front().argv, program);
    EXPECT_EQ(settings.apps.front().count, 4u);
    EXPECT_TRUE(settings.apps.front().host_words.empty());
}

TEST(Options, EndAtTwoDashes) {
    const Settings settings = parsed({"-v", "--", "-odd-name", "x"});
    EXPECT_EQ(settings.apps.front().argv, (std::vector<std::string>{"-odd-name", "x"}));
    EXPECT_TRUE(settings.verbose);
}

TEST(Options, CollectWhatMayBeRepeated) {
    const Settings settings =
        parsed({"-H", "a:2,b", "--host", "c", "-host=d", "--hostfile", "f", "-hostfile", "g",
                "--machinefile", "h", "-x", "A", "-x", "B=c=d", "prog"});
    EXPECT_EQ(settings.apps.front().host_words, (std::vector<std::string>{"a:2,b", "c", "d"}));
    EXPECT_EQ(settings.apps.front().host_files, (std::vector<std::string>{"f", "g", "h"}));
    using Kind = EnvironmentChange::Kind;
    EXPECT_EQ(settings.apps.front().environment,
              (std::vector<EnvironmentChange>{{Kind::pass, "A", ""}, {Kind::set, "B", "c=d"}}));
}

TEST(Options, SetThePlacement) {
    const Settings settings = parsed({"-N", "3", "--map-by", "node", "--oversubscribe", "prog"});
    EXPECT_EQ(settings.placement.per_node, 3u);
    EXPECT_EQ(settings.placement.map.by, wire::MapBy::object);
    EXPECT_EQ(settings.placement.map.object, wire::Object::node);
    EXPECT_EQ(settings.placement.oversubscribe, wire::Choice::yes);
    EXPECT_EQ(parsed({"--npernode", "2", "--map-by=slot", "p"}).placement.per_node, 2u);
}

TEST(Options, TakeTheRest) {
    const Settings settings = parsed({"--wdir", "/tmp", "--socket", "/s", "-v", "p"});
    EXPECT_EQ(settings.apps.front().workdir, "/tmp");
    EXPECT_EQ(settings.socket, "/s");
    EXPECT_TRUE(settings.verbose);
    EXPECT_EQ(parsed({"-wdir", "d", "p"}).apps.front().workdir, "d");
    EXPECT_EQ(parsed({"--wd=d", "p"}).apps.front().workdir, "d");
    EXPECT_TRUE(parsed({"-V"}).version);
    EXPECT_TRUE(parsed({"--version"}).version);
    EXPECT_TRUE(parsed({"-h"}).help);
    EXPECT_TRUE(parsed({"--help"}).help);
}

TEST(Options, SeparateProgramsByAColon) {
    const Settings settings = parsed({"-v", "-n", "1", "-x", "A=1", "./master", "x", ":", "-n", "3",
                                      "--wdir", "/w", "./worker", ":", "./third"});
    ASSERT_EQ(settings.apps.size(), 3u);
    EXPECT_EQ(settings.apps[0].argv, (std::vector<std::string>{"./master", "x"}));
    EXPECT_EQ(settings.apps[1].argv, (std::vector<std::string>{"./worker"}));
    EXPECT_EQ(settings.apps[1].count, 3u);
    EXPECT_EQ(settings.apps[1].workdir, "/w");
    EXPECT_TRUE(settings.apps[1].environment.empty());
    EXPECT_EQ(settings.apps[2].count, 0u);
    EXPECT_TRUE(parsed({"a", ":", "-v", "b"}).verbose) << "holds for all, as in mpirun";
}

struct Bad {
    Words words;
    OptionErrc reason;
    std::string named;  // what the message begins with
};

TEST(Options, NameWhatCannotBeUsed) {
    const std::vector<Bad> rows{
        {{"-n", "0", "p"}, OptionErrc::not_a_count, "-n 0"},
        {{"-n", "x", "p"}, OptionErrc::not_a_count, "-n x"},
        {{"-n", "-1", "p"}, OptionErrc::not_a_count, "-n -1"},
        {{"-n", "4x", "p"}, OptionErrc::not_a_count, "-n 4x"},
        {{"-n", "", "p"}, OptionErrc::not_a_count, "-n:"},
        {{"--np=", "p"}, OptionErrc::not_a_count, "--np:"},
        {{"-n", "3000000000", "p"}, OptionErrc::count_too_large, "-n 3000000000"},
        {{"-n", "99999999999", "p"}, OptionErrc::count_too_large, "-n 99999999999"},
        {{"-N", "0", "p"}, OptionErrc::not_a_count, "-N 0"},
        {{"-n"}, OptionErrc::needs_value, "-n COUNT"},
        {{"--host"}, OptionErrc::needs_value, "--host LIST"},
        {{"--host=", "p"}, OptionErrc::empty_value, "--host"},
        {{"--hostfile", "", "p"}, OptionErrc::empty_value, "--hostfile"},
        {{"--wdir", "", "p"}, OptionErrc::empty_value, "--wdir"},
        {{"--verbose=yes", "p"}, OptionErrc::takes_no_value, "--verbose"},
        {{"-x", "=v", "p"}, OptionErrc::not_a_variable, "-x =v"},
        {{"-x", "", "p"}, OptionErrc::not_a_variable, "-x:"},
        {{"--hots", "a", "p"}, OptionErrc::unknown, "--hots (did you mean --hosts?)"},
        {{"--oversubscribed", "p"},
         OptionErrc::unknown,
         "--oversubscribed (did you mean --oversubscribe?)"},
        {{"-hostfiel", "f", "p"}, OptionErrc::unknown, "-hostfiel (did you mean --hostfile?)"},
        {{"--quite-something-else", "p"}, OptionErrc::unknown, "--quite-something-else:"},
        {{}, OptionErrc::no_program, "PROGRAM is missing"},
        {{"-n", "3"}, OptionErrc::no_program, "PROGRAM is missing"},
        {{"--"}, OptionErrc::no_program, "PROGRAM is missing"},
        {{":", "p"}, OptionErrc::no_program_here, ":"},
        {{"p", ":"}, OptionErrc::no_program_here, ":"},
        {{"p", ":", "-n", "2"}, OptionErrc::no_program_here, ":"},
        {{"p", ":", ":", "q"}, OptionErrc::no_program_here, ":"},
    };
    for (const Bad& row : rows) {
        const Result<Settings> settings = parse(row.words);
        ASSERT_FALSE(settings) << row.named;
        EXPECT_EQ(settings.error().code, row.reason) << settings.error().message();
        EXPECT_TRUE(settings.error().message().starts_with(row.named))
            << settings.error().message();
    }
}

TEST(Options, AskForTextBeforeAProgramIsMissed) {
    EXPECT_TRUE(parse(Words{"-n", "2", "--help"}).has_value());
    EXPECT_TRUE(parse(Words{"--version"}).has_value());
}

TEST(Options, FindLettersInOneWord) {
    const Settings settings = parsed({"-qvN", "2", "p"});
    EXPECT_TRUE(settings.quiet);
    EXPECT_TRUE(settings.verbose);
    EXPECT_EQ(settings.placement.per_node, 2u);
}

TEST(Options, NoteAndRefuse) {
    EXPECT_TRUE(
        parsed({"--launch-agent", "orted", "p"}).notices.front().starts_with("--launch-agent: "));
    const Result<Settings> refused_settings = parse(Words{"-xterm", "0", "p"});
    ASSERT_FALSE(refused_settings);
    EXPECT_TRUE(refused_settings.error().message().starts_with("-xterm: there is no terminal"));
    EXPECT_TRUE(parsed({"--allow-run-as-root", "p"}).notices.empty());
}

TEST(OptionTable, HasEachNameOnceInADialectAndShowsItInTheHelp) {
    std::set<std::pair<std::string_view, Dialects>> seen;
    const std::string help = help_text("vrun", "");
    for (const Section& section : sections()) {
        for (const Option& option : section.options) {
            for (const std::string_view name : names_of(option)) {
                for (const Dialects dialect : {openmpi4, openmpi5, hydra}) {
                    if ((option.dialects & dialect) == 0) continue;
                    EXPECT_TRUE(seen.emplace(name, dialect).second) << name;
                    EXPECT_EQ(find_option(name, dialect), &option) << name;
                }
                if (option.answer == Answer::done) {
                    EXPECT_NE(help.find(dashed(name)), help.npos) << name;
                }
            }
            EXPECT_FALSE(option.help.empty()) << option.names;
        }
    }
    EXPECT_NE(help.find("  -n, --np COUNT"), help.npos) << help;
}

TEST(OptionTable, KeepsHelpWithinATerminal) {
    const std::string text = help_text("vrun", "");
    std::size_t start = 0;
    for (std::size_t end; (end = text.find('\n', start)) != text.npos; start = end + 1)
        EXPECT_LE(end - start, 100u) << text.substr(start, end - start);
}

TEST(OptionTable, SuggestsOnlyWhatIsNear) {
    EXPECT_EQ(nearest_option("hostflie"), "hostfile");
    EXPECT_EQ(nearest_option("verbos"), "verbose");
    EXPECT_EQ(nearest_option("mapby"), "map-by");
    EXPECT_EQ(nearest_option("xyzzyxyzzy"), "");
}

}  // namespace
}  // namespace vrun::launcher
