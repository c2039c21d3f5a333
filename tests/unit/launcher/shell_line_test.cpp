// SPDX-License-Identifier: Apache-2.0
#include "launcher/shell_line.hpp"

#include <gtest/gtest.h>

namespace vrun::launcher {
namespace {

using Words = std::vector<std::string>;

ShellLine parsed(const Words& words) {
    const auto line = parse_shell_line(words);
    EXPECT_TRUE(line) << line.error().message();
    return line ? *line : ShellLine{};
}

std::string refusal(const Words& words) {
    const auto line = parse_shell_line(words);
    return line ? "" : line.error().message();
}

struct Row {
    Words words;
    std::string host, command, user = {};
    bool no_input = false;
};

TEST(ShellLine, IsReadAsSshReadsIt) {
    const std::vector<Row> rows{
        {{"w1", "true"}, "w1", "true"},
        {{"w1"}, "w1", ""},
        {{"w1", ""}, "w1", ""},
        {{"w1", "a", "", "b"}, "w1", "a  b"},
        {{"w1", "", "b"}, "w1", " b"},
        {{"w1", "echo", "a b", "'c'"}, "w1", "echo a b 'c'"},
        {{"w1", "ls", "-l", "-n"}, "w1", "ls -l -n"},
        {{"-x", "10.77.1.1", "\"/usr/bin/hydra_pmi_proxy\"", "--control-port", "m:1"},
         "10.77.1.1",
         "\"/usr/bin/hydra_pmi_proxy\" --control-port m:1"},
        {{"-xqTn", "w1", "a"}, "w1", "a", "", true},
        {{"-tt", "-v", "-v", "-4", "-A", "-C", "w1", "a"}, "w1", "a"},
        {{"-p", "22", "-i", "/k", "-F/c", "-oBatchMode=yes", "-o", "User no", "-b1", "w1", "a"},
         "w1",
         "a",
         "no"},
        {{"w1", "-n", "-x", "a", "-n"}, "w1", "a -n", "", true},
        {{"-l", "alice", "w1", "a"}, "w1", "a", "alice"},
        {{"-lalice", "w1", "a"}, "w1", "a", "alice"},
        {{"-xlalice", "w1", "a"}, "w1", "a", "alice"},
        {{"-o", "user=bob", "w1"}, "w1", "", "bob"},
        {{"alice@w1", "a"}, "w1", "a", "alice"},
        {{"a@b@w1", "a"}, "w1", "a", "a@b"},
        {{"--", "w1", "--", "-x"}, "w1", "-x"},
        {{"fd00::1", "a"}, "fd00::1", "a"},
    };
    for (const Row& row : rows) {
        const ShellLine line = parsed(row.words);
        EXPECT_EQ(line.host, row.host) << row.words[0];
        EXPECT_EQ(line.command, row.command) << row.words[0];
        EXPECT_EQ(line.user.value_or(""), row.user) << row.words[0];
        EXPECT_EQ(line.no_input, row.no_input) << row.words[0];
        EXPECT_EQ(line.request, ShellRequest::run);
    }
}

TEST(ShellLine, KnowsWhatItCannotDo) {
    const std::vector<std::pair<Words, std::string>> rows{
        {{"-L", "1:a:2", "w1"}, "-L: vrsh runs commands"},
        {{"-N", "w1"}, "-N: vrsh runs commands"},
        {{"-xf", "w1"}, "-f: vrsh runs commands"},
        {{"-Z", "w1"}, "-Z: there is no such option"},
        {{"--terminal", "w1"}, "--terminal: there is no such option"},
        {{"-p"}, "-p: it needs a value"},
        {{}, "no host given"},
        {{"-x"}, "no host given"},
        {{"alice@", "a"}, "alice@: a host is one name or address"},
        {{"a,b", "a"}, "a,b: a host is one name"},
        {{"w1:4", "a"}, "w1:4: a host is one name"},
        {{"-\x1b", "a"}, "-\\x1b: there is no such option"},
    };
    for (const auto& [words, sentence] : rows)
        EXPECT_NE(refusal(words).find(sentence), std::string::npos) << refusal(words);
}

TEST(ShellLine, ShowsHelpAndVersion) {
    EXPECT_EQ(parsed({"--help"}).request, ShellRequest::help);
    EXPECT_EQ(parsed({"-V"}).request, ShellRequest::version);
    EXPECT_EQ(parsed({"--version", "w1"}).request, ShellRequest::version);
    EXPECT_NE(shell_help().find("[USER@]HOST"), std::string::npos);
}

TEST(ShellLine, MakesAWordOfHost) {
    EXPECT_EQ(host_word("w1"), "w1");
    EXPECT_EQ(host_word("10.0.0.1"), "10.0.0.1");
    EXPECT_EQ(host_word("fd00::1"), "[fd00::1]");
    EXPECT_EQ(host_word("[fd00::1]"), "[fd00::1]");
}

}  // namespace
}  // namespace vrun::launcher
