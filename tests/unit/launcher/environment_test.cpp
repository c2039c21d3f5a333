// SPDX-License-Identifier: Apache-2.0
#include "launcher/environment.hpp"

#include <gtest/gtest.h>
#include <algorithm>

namespace vrun::launcher {
namespace {

using Kind = EnvironmentChange::Kind;
using Names = std::vector<std::string>;

const Names caller{"PATH=/bin",  "HOME=/h",        "A=1",           "AB=2",
                   "HOSTNAME=c", "SLURM_PROCID=9", "SLURM_JOB_ID=3"};

Settings settings_with(std::vector<EnvironmentChange> job,
                       std::vector<EnvironmentChange> app = {}) {
    Settings settings;
    settings.environment = std::move(job);
    settings.apps.front().environment = std::move(app);
    settings.apps.front().argv = {"./a"};
    return settings;
}

Names passed(std::vector<EnvironmentChange> job, std::vector<EnvironmentChange> app = {}) {
    return passed_environment(settings_with(std::move(job), std::move(app)), caller).of_all;
}

TEST(Environment, KeepsBackWhatBelongsToAHostOrAnotherLauncher) {
    const PassedEnvironment all = passed_environment(settings_with({}), caller);
    EXPECT_EQ(all.of_all, (Names{"A=1", "AB=2", "HOME=/h", "PATH=/bin", "SLURM_JOB_ID=3"}));
    EXPECT_EQ(all.kept, (Names{"HOSTNAME", "SLURM_PROCID"}));
    for (const std::string_view name :
         {"HOSTNAME", "TMPDIR", "OLDPWD", "PMI_FD", "PMIX_SERVER_URI41", "SLURM_PROCID",
          "FLUX_JOB_ID", "OMPI_PARENT_PORT", "OMPI_MCA_ess_base_vpid", "HYDI_CONTROL_FD",
          "OMPI_MCA_hwloc_base_binding_policy", "DISPLAY", "XAUTHORITY", "SSH_AUTH_SOCK",
          "XDG_RUNTIME_DIR", "OMPI_MCA_mca_base_component_path", "MV2_COMM_WORLD_RANK"})
        EXPECT_FALSE(is_inherited(name)) << name;
    for (const std::string_view name :
         {"OMP_NUM_THREADS", "OMPI_MCA_btl", "PMIX_MCA_gds", "LD_LIBRARY_PATH", "SLURM_JOB_ID",
          "VIRTUAL_ENV", "CONDA_PREFIX", "PYTHONPATH", "VRUN_EXPORT", "XDG_CONFIG_HOME"})
        EXPECT_TRUE(is_inherited(name)) << name;
}

TEST(Environment, PassesAnythingThatIsNamed) {
    EXPECT_EQ(passed({{Kind::pass, "HOSTNAME", ""}}).size(), 6u);
    EXPECT_EQ(passed({}, {{Kind::pass, "SLURM_*", ""}}).back(), "SLURM_PROCID=9");
    const auto missing = passed_environment(
        settings_with({{Kind::pass, "NOPE", ""}}, {{Kind::pass, "NO*", ""}}), caller);
    EXPECT_EQ(missing.notices.size(), 2u);
}

TEST(Environment, FollowsTheOrder) {
    EXPECT_EQ(passed({{Kind::set, "A", "x"}, {Kind::prepend, "A", "p", ":"}}).front(), "A=p:x");
    EXPECT_EQ(passed({{Kind::prepend, "A", "p", ":"}, {Kind::set, "A", "x"}}).front(), "A=x");
    EXPECT_EQ(passed({{Kind::append, "A", "q", ";"}}).front(), "A=1;q");
    EXPECT_EQ(passed({{Kind::append, "AA", "q", ";"}})[1], "AA=q");
    EXPECT_EQ(passed({{Kind::set, "A", "j"}}, {{Kind::set, "A", "p"}}).front(), "A=p");
    EXPECT_EQ(passed({{Kind::unset, "A", ""}, {Kind::unset, "NOPE", ""}}).front(), "AB=2");
}

TEST(Environment, GivesALoginsVariablesWhenNoneAreWanted) {
    EXPECT_EQ(passed({{Kind::none, "", ""}}), (Names{"HOME=/h", "PATH=/bin"}));
    EXPECT_EQ(passed({{Kind::set, "A", "1"}, {Kind::none, "", ""}}),
              (Names{"A=1", "HOME=/h", "PATH=/bin"}));
    EXPECT_EQ(passed({{Kind::only, "AB,HOSTNAME,NOPE", ""}}),
              (Names{"AB=2", "HOME=/h", "HOSTNAME=c", "PATH=/bin"}));
    EXPECT_EQ(passed({{Kind::none, "", ""}}, {{Kind::all, "", ""}}).size(), 5u);
}

TEST(Environment, SendsWhatProgramsShareOnce) {
    Settings settings = settings_with({}, {{Kind::set, "A", "2"}});
    settings.apps.push_back({.environment = {{Kind::none, "", ""}}, .argv = {"./b"}});
    const PassedEnvironment all = passed_environment(settings, caller);
    EXPECT_EQ(all.of_all, (Names{"HOME=/h", "PATH=/bin"}));
    EXPECT_EQ(all.of_app[0], (Names{"A=2", "AB=2", "SLURM_JOB_ID=3"}));
    EXPECT_TRUE(all.of_app[1].empty());
}

TEST(Environment, IsShown) {
    Settings settings = settings_with({{Kind::set, "X", "a\nb"}});
    const auto lines = environment_lines(settings, passed_environment(settings, caller));
    EXPECT_EQ(lines.front(), "variables of ./a:");
    EXPECT_NE(std::ranges::find(lines, "  X=a\\nb"), lines.end());
    EXPECT_EQ(lines.back(), "  SLURM_PROCID");
}

}  // namespace
}  // namespace vrun::launcher
