// SPDX-License-Identifier: Apache-2.0
#include "daemon/shepherd/login.hpp"

#include <gtest/gtest.h>
#include <unistd.h>
#include <algorithm>

namespace vrun::shepherd {
namespace {

using Words = std::vector<std::string>;

const Login alice{"alice", "/home/alice", "/usr/bin/zsh"};

TEST(Login, HandsTheLineToTheShellAsItIs) {
    EXPECT_EQ(shell_argv(alice, "echo 'a  b' \"$HOME\"\n*"),
              (Words{"zsh", "-c", "echo 'a  b' \"$HOME\"\n*"}));
    EXPECT_EQ(shell_argv(alice, ""), (Words{"-zsh"}));
    EXPECT_EQ(shell_argv({"", "", "sh"}, " "), (Words{"sh", "-c", " "}));
}

TEST(Login, HasAFreshEnvironment) {
    const Words ours{
        "PATH=/opt/bin:/bin", "HOME=/root", "TMPDIR=/tmp/x",           "PMIX_RANK=0",
        "LANG=C.UTF-8",       "SECRET=42",  "VRUN_SOCKET=/run/v.sock", "OMPI_COMM_WORLD_RANK=3"};
    EXPECT_EQ(login_environment(alice, {}, ours),
              (Words{"HOME=/home/alice", "USER=alice", "LOGNAME=alice", "SHELL=/usr/bin/zsh",
                     "SSH_CLIENT=0.0.0.0 0 0", "PATH=/opt/bin:/bin", "LANG=C.UTF-8",
                     "VRUN_SOCKET=/run/v.sock"}));
}

TEST(Login, KnowsTheNetworkBetweenTheNodes) {
    const Words environment = login_environment(alice, {"10.1.0.0/16", "eth1", "10.1.0.2"}, {});
    for (const char* expected : {"OMPI_MCA_oob_tcp_if_include=10.1.0.0/16", "UCX_NET_DEVICES=eth1"})
        EXPECT_EQ(std::count(environment.begin(), environment.end(), expected), 1) << expected;
}

TEST(Login, IsOfThisUser) {
    const Login login = own_login();
    EXPECT_FALSE(login.name.empty());
    EXPECT_EQ(::access(login.home.c_str(), X_OK), 0);
    EXPECT_EQ(login.shell.front(), '/');
}

}  // namespace
}  // namespace vrun::shepherd
