// SPDX-License-Identifier: Apache-2.0
#include "process/program.hpp"

#include <gtest/gtest.h>
#include <unistd.h>
#include <filesystem>
#include <fstream>

namespace vrun::process {
namespace {

namespace fs = std::filesystem;

class FindProgram : public testing::Test {
protected:
    FindProgram() {
        check(::mkdtemp(root_.data()) ? 0 : -1, "mkdtemp");
        for (const char* directory : {"bin", "other", "work", "work/bin", "bin/folder"})
            fs::create_directory(at(directory));
        make("bin/tool", 0755);
        make("other/tool", 0755);
        make("other/late", 0755);
        make("bin/late", 0644);
        make("bin/text", 0644);
        make("work/here", 0755);
        make("work/bin/inner", 0755);
    }
    ~FindProgram() override { fs::remove_all(root_); }

    std::string at(const std::string& name) const { return root_ + "/" + name; }
    void make(const std::string& name, unsigned int mode) const {
        std::ofstream{at(name)} << "#!/bin/sh\n";
        fs::permissions(at(name), static_cast<fs::perms>(mode));
    }

    // The path without our own directory, or the exit code.
    std::string found(const std::string& name, std::optional<std::string> path = {}) const {
        const std::string usual = at("bin") + ":" + at("other");
        const Result<std::string> program = find_program(name, path.value_or(usual), at("work"));
        if (!program) return std::to_string(exit_code_of(program.error().code));
        return program->starts_with(root_) ? program->substr(root_.size() + 1) : *program;
    }

    std::string root_ = "/tmp/program-test-XXXXXX";
};

TEST_F(FindProgram, LooksWhereTheShellWould) {
    EXPECT_EQ(found("tool"), "bin/tool");
    EXPECT_EQ(found("late"), "other/late");  // the first one cannot be executed
    EXPECT_EQ(found("./here"), "./here");
    EXPECT_EQ(found("bin/inner"), "bin/inner");
    EXPECT_EQ(found(at("other/tool")), "other/tool");
}

TEST_F(FindProgram, RelativeAndEmptyEntriesOfPathAreBelowTheWorkingDirectory) {
    EXPECT_EQ(found("inner", "bin"), "bin/inner");
    EXPECT_EQ(found("here", ":" + at("bin")), "./here");
    EXPECT_EQ(found("here", at("bin") + ":"), "./here");
    EXPECT_EQ(found("here", ""), "./here");
    EXPECT_EQ(found("here", "."), "./here");
}

TEST_F(FindProgram, TellsMissingFromForbidden) {
    EXPECT_EQ(found("nothing"), "127");
    EXPECT_EQ(found(""), "127");
    EXPECT_EQ(found("./nothing"), "127");
    EXPECT_EQ(found("tool", "/no/such/dir"), "127");
    EXPECT_EQ(found("text"), "126");
    EXPECT_EQ(found("folder"), "126");
    EXPECT_EQ(found("./bin"), "126");
    EXPECT_EQ(found("./here/below"), "126");  // a file is no directory
}

TEST_F(FindProgram, SaysWhereItLookedAndWhatIsNear) {
    const auto sentence = [&](const std::string& name, std::string_view path) {
        return find_program(name, path, at("work")).error().message();
    };
    EXPECT_EQ(sentence("nothing", "/a:/b"),
              "start 'nothing' (looked for in PATH=/a:/b): No such file or directory");
    EXPECT_EQ(sentence("here", "/a"), "start 'here' (not in PATH; did you mean './here' in '" +
                                          at("work") + "'?): No such file or directory");
    EXPECT_EQ(sentence("./none", "/a"),
              "start './none' in '" + at("work") + "': No such file or directory");
}

TEST_F(FindProgram, AnUnsetPathIsTheSystems) {
    const Result<std::string> shell = find_program("sh", std::nullopt, "/");
    EXPECT_EQ(*shell, "/bin/sh");
}

TEST(ValueIn, TakesTheLastOneOfExactlyThatName) {
    const std::vector<std::string> environment{"PATH=a", "PATHS=b", "PATH=c", "EMPTY=", "odd"};
    EXPECT_EQ(value_in(environment, "PATH"), "c");
    EXPECT_EQ(value_in(environment, "EMPTY"), "");
    EXPECT_EQ(value_in(environment, "odd"), std::nullopt);
}

}  // namespace
}  // namespace vrun::process
