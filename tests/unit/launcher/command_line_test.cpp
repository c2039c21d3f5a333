// SPDX-License-Identifier: Apache-2.0
#include "launcher/options/parse.hpp"

#include <gtest/gtest.h>
#include <map>

namespace vrun::launcher {
namespace {

using Kind = EnvironmentChange::Kind;
using Words = std::vector<std::string>;

class CommandLines : public testing::Test {
protected:
    Result<Settings> read(Words words) {
        CommandLine line;
        line.program = program;
        line.words = std::move(words);
        line.environment = environment;
        line.read_file = [this](const std::string& path) -> Result<std::string> {
            const auto found = files.find(path);
            if (found != files.end()) return found->second;
            return Error{std::make_error_code(std::errc::no_such_file_or_directory),
                         "read " + path};
        };
        return parse(line);
    }
    Settings parsed(Words words) {
        Result<Settings> settings = read(std::move(words));
        if (settings) return std::move(*settings);
        ADD_FAILURE() << settings.error().message();
        return {};
    }
    std::string problem(Words words) {
        const Result<Settings> settings = read(std::move(words));
        return settings ? "" : settings.error().message();
    }

    std::string program = "vrun";
    Words environment;
    std::map<std::string, std::string> files;
};

TEST_F(CommandLines, TakeTwoWordsOrOneWithEquals) {
    const std::vector<EnvironmentChange> expected{{Kind::set, "A", "b c"}};
    EXPECT_EQ(parsed({"-genv", "A", "b c", "p"}).environment, expected);
    EXPECT_EQ(parsed({"--genv", "A=b c", "p"}).environment, expected);
    EXPECT_EQ(parsed({"-genv=A", "b c", "p"}).environment, expected);
    EXPECT_EQ(problem({"-genv", "A"}), "-genv NAME VALUE: a value must follow");
    EXPECT_EQ(parsed({"-env", "A", "1", "p"}).apps[0].environment.size(), 1u);
}

TEST_F(CommandLines, MatchHydrasNamesInAnyCase) {
    EXPECT_EQ(parsed({"-NP", "4", "p"}).apps[0].count, 4u);
    EXPECT_EQ(parsed({"---PPN=2", "p"}).placement.per_node, 2u);
    EXPECT_EQ(parsed({"-N", "3", "p"}).placement.per_node, 3u) << "Open MPI's, exactly";
    EXPECT_EQ(parsed({"-H", "a", "p"}).apps[0].host_words, (Words{"a"}));
}

TEST_F(CommandLines, LetTheNameDecideBetweenDialects) {
    for (const char* name : {"mpiexec.hydra", "/usr/bin/mpiexec.mpich", "mpirun.mpich"}) {
        program = name;
        const Settings settings = parsed({"-N", "3", "-host", "a:4", "p"});
        EXPECT_EQ(settings.apps[0].count, 3u) << name;
        EXPECT_EQ(settings.host_words, (Words{"a:4"}));
        EXPECT_EQ(settings.placement.personality, wire::Personality::hydra);
    }
    for (const char* name : {"mpirun", "mpiexec", "orterun", "mpirun.openmpi"}) {
        program = name;
        EXPECT_EQ(parsed({"-N", "3", "p"}).placement.personality, wire::Personality::openmpi4);
    }
    program = "prterun";
    EXPECT_EQ(parsed({"p"}).placement.personality, wire::Personality::openmpi5);
}

TEST_F(CommandLines, LetAnOptionOrAVariableDecideBetweenDialects) {
    EXPECT_EQ(parsed({"-N", "3", "--personality", "hydra", "p"}).apps[0].count, 3u);
    EXPECT_EQ(parsed({"--personality=ompi5,slurm", "p"}).placement.personality,
              wire::Personality::openmpi5);
    EXPECT_EQ(problem({"--personality", "lam", "p"}),
              "--personality lam: not a launcher; use 'ompi', 'ompi5' or 'hydra'");
    environment = {"VRUN_PERSONALITY=hydra"};
    EXPECT_EQ(parsed({"-N", "3", "p"}).apps[0].count, 3u);
    EXPECT_EQ(parsed({"-N", "3", "--personality", "ompi", "p"}).placement.per_node, 3u);
}

TEST_F(CommandLines, StartOneProcessAsHydraUnlessHostsHaveCounts) {
    EXPECT_EQ(parsed({"p"}).apps[0].count, 0u);
    EXPECT_EQ(parsed({"p"}).placement.oversubscribe, wire::Choice::unset);
    program = "mpiexec.hydra";
    EXPECT_EQ(parsed({"p"}).placement.oversubscribe, wire::Choice::yes);
    EXPECT_EQ(parsed({"p"}).apps[0].count, 1u);
    EXPECT_EQ(parsed({"-hosts", "a:2", "p"}).apps[0].count, 0u);
    EXPECT_EQ(parsed({"-n", "2", "p", ":", "q"}).apps[1].count, 1u);
}

TEST_F(CommandLines, TakeProgramsFromAFile) {
    files["progs"] = "# two\n\n-n 1 -x 'A=b c' ./master \"x y\"\n  -np 2 ./worker : ./third\n";
    const Settings settings = parsed({"-v", "--app", "progs", "-x", "Z=1"});
    ASSERT_EQ(settings.apps.size(), 3u);
    EXPECT_TRUE(settings.verbose);
    EXPECT_EQ(settings.apps[0].argv, (Words{"./master", "x y"}));
    EXPECT_EQ(settings.apps[0].environment,
              (std::vector<EnvironmentChange>{{Kind::set, "Z", "1"}, {Kind::set, "A", "b c"}}));
    EXPECT_EQ(settings.apps[1].count, 2u);
    EXPECT_EQ(settings.apps[2].environment.size(), 1u);
    files["config"] = "-n 1 ./a :\n-n 2 ./b\n";
    EXPECT_EQ(parsed({"-configfile", "config"}).apps.size(), 2u);
}

TEST_F(CommandLines, NameTheLineOfAFileThatIsWrong) {
    files["progs"] = "-n 1 ./a\n-n x ./b\n";
    EXPECT_EQ(problem({"--app", "missing"}), "read missing: No such file or directory");
    EXPECT_EQ(problem({"--app", "progs", "./c"}),
              "./c: a file names the programs; write this into it");
    files["progs"] = "-n 1 ./a\n-v\n";
    EXPECT_TRUE(problem({"--app", "progs"}).starts_with("progs line 2: PROGRAM is missing"));
    files["progs"] = "--nosuch ./a\n";
    EXPECT_TRUE(problem({"--app", "progs"}).starts_with("progs line 1: --nosuch"));
    files["progs"] = "--app progs\n";
    EXPECT_TRUE(problem({"--app", "progs"}).starts_with("progs line 1: "));
    files["progs"] = "# none\n";
    EXPECT_EQ(problem({"--app", "progs"}), "progs: the file names no program");
    files["progs"] = "-n x ./b\n";
    EXPECT_EQ(problem({"--app", "progs"}), "-n x: not a positive number");
}

TEST_F(CommandLines, MakeMcaParametersVariables) {
    const Settings settings =
        parsed({"-mca", "btl", "self,tcp", "--gmca", "a", "1", "--pmixmca", "gds", "hash",
                "--prtemca", "x", "y", "p", ":", "--mca", "btl", "tcp", "q"});
    EXPECT_EQ(settings.environment,
              (std::vector<EnvironmentChange>{{Kind::set, "OMPI_MCA_btl", "self,tcp"},
                                              {Kind::set, "OMPI_MCA_a", "1"},
                                              {Kind::set, "PMIX_MCA_gds", "hash"},
                                              {Kind::set, "PRTE_MCA_x", "y"}}));
    EXPECT_EQ(settings.apps[1].environment,
              (std::vector<EnvironmentChange>{{Kind::set, "OMPI_MCA_btl", "tcp"}}));
}

TEST_F(CommandLines, ReadParameterFiles) {
    files["am"] = "# c\nbtl = self , tcp\nrmaps_base_oversubscribe=1\n";
    files["tune"] = "-x A=1 -mca pml ob1\n-x B\nosc = sm\n";
    const Settings settings = parsed({"-mca", "btl", "tcp", "-am", "am", "--tune", "tune", "p"});
    EXPECT_EQ(settings.environment,
              (std::vector<EnvironmentChange>{{Kind::set, "OMPI_MCA_btl", "self , tcp"},
                                              {Kind::set, "OMPI_MCA_rmaps_base_oversubscribe", "1"},
                                              {Kind::set, "A", "1"},
                                              {Kind::set, "OMPI_MCA_pml", "ob1"},
                                              {Kind::pass, "B", ""},
                                              {Kind::set, "OMPI_MCA_osc", "sm"},
                                              {Kind::set, "OMPI_MCA_btl", "tcp"}}));
    EXPECT_EQ(settings.placement.oversubscribe, wire::Choice::yes);
    EXPECT_EQ(problem({"--tune", "missing", "p"}), "read missing: No such file or directory");
}

TEST_F(CommandLines, ObeyWhatImagesSet) {
    environment = {"OMPI_MCA_rmaps_base_oversubscribe=true",  "HYDRA_HOST_FILE=/h",
                   "OMPI_MCA_orte_default_hostfile=/o",       "I_MPI_PERHOST=allcores",
                   "OMPI_MCA_hwloc_base_binding_policy=none", "HYDRA_ENV=none"};
    const Settings settings = parsed({"p"});
    EXPECT_EQ(settings.placement.oversubscribe, wire::Choice::yes);
    EXPECT_EQ(settings.default_host_file, "/o");
    EXPECT_EQ(settings.placement.per_node, 0u);
    EXPECT_EQ(settings.placement.bind.to, wire::BindTo::none);
    EXPECT_EQ(settings.environment.front().kind, Kind::none);
    EXPECT_EQ(parsed({"--nooversubscribe", "p"}).placement.oversubscribe, wire::Choice::no);
    environment = {"I_MPI_PERHOST=2", "PRTE_MCA_rmaps_default_mapping_policy=:oversubscribe"};
    EXPECT_EQ(parsed({"p"}).placement.per_node, 2u);
    EXPECT_EQ(parsed({"p"}).placement.oversubscribe, wire::Choice::yes);
    EXPECT_EQ(parsed({"-mca", "rmaps_base_mapping_policy", "node", "p"}).placement.map.by,
              wire::MapBy::object);
}

TEST_F(CommandLines, ObeyTheParameterFilesOfAUserAndASite) {
    environment = {"HOME=/home/u"};
    files["/etc/openmpi/openmpi-mca-params.conf"] = "orte_default_hostfile = /site\n";
    files["/home/u/.openmpi/mca-params.conf"] = "rmaps_base_oversubscribe = 1\n";
    EXPECT_EQ(parsed({"p"}).default_host_file, "/site");
    EXPECT_EQ(parsed({"p"}).placement.oversubscribe, wire::Choice::yes);
    environment.push_back("OMPI_MCA_rmaps_base_oversubscribe=0");
    EXPECT_EQ(parsed({"p"}).placement.oversubscribe, wire::Choice::unset);
}

TEST_F(CommandLines, NameTheVariableThatIsWrong) {
    environment = {"OMPI_MCA_rmaps_base_mapping_policy=sideways"};
    EXPECT_TRUE(problem({"p"}).starts_with("OMPI_MCA_rmaps_base_mapping_policy: --map-by"))
        << problem({"p"});
}

TEST_F(CommandLines, ChangeVariables) {
    const Settings settings =
        parsed({"--prepend-env", "PATH[:]", "/x", "--unset-env", "B", "--set-env", "A=1", "p"});
    EXPECT_EQ(
        settings.apps[0].environment,
        (std::vector<EnvironmentChange>{
            {Kind::prepend, "PATH", "/x", ":"}, {Kind::unset, "B", ""}, {Kind::set, "A", "1"}}));
    EXPECT_TRUE(problem({"--append-env", "PATH", "/x", "p"}).starts_with("--append-env PATH: say"));
    EXPECT_EQ(parsed({"--prefix", "/opt", "p"}).apps[0].environment.size(), 2u);
    EXPECT_TRUE(parsed({"--display", "map,ENV", "p"}).display_environment);
    EXPECT_TRUE(parsed({"--display", "allocation:x", "p"}).display.allocation);
    EXPECT_TRUE(problem({"--display", "maps", "p"}).starts_with("--display maps: "));
}

TEST_F(CommandLines, TellAboutATopic) {
    EXPECT_EQ(parsed({"--help", "map-by"}).help_topic, "map-by");
    EXPECT_EQ(parsed({"-h"}).help_topic, "");
}

TEST_F(CommandLines, TakeAThousandHosts) {
    Words words{"-np", "10000", "--map-by", "ppr:10:node"};
    std::string hosts;
    for (int i = 0; i < 1000; ++i)
        hosts += (i > 0 ? ",node" : "node") + std::to_string(i) + ":10";
    words.insert(words.end(), {"--host", hosts, "p"});
    EXPECT_EQ(parsed(words).apps[0].host_words.front().size(), hosts.size());
}

}  // namespace
}  // namespace vrun::launcher
