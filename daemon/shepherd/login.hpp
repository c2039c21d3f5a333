// SPDX-License-Identifier: Apache-2.0
// daemon/shepherd/login: what a remote shell of vrsh is started with, as sshd would: the user's
// login shell, home directory and a fresh environment. Nothing of the caller's, and nothing of a
// rank's: a launcher that is started so must not take itself for one. Asking for the passwd entry
// blocks.
#pragma once

#include "wire/messages/launch.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace vrun::shepherd {

struct Login {
    std::string name;   // without a passwd entry, the uid
    std::string home;   // "/" where that cannot be entered
    std::string shell;  // a path; /bin/sh where none is given
};

// Of the user that this process runs as.
Login own_login();

// "-c LINE" for the shell; without a line, the shell as a login shell, which reads its input.
std::vector<std::string> shell_argv(const Login& login, const std::string& line);

// `ours` is this process' environment: paths, language and the daemon's socket are taken over.
// Launchers find in it by which network the nodes reach each other.
std::vector<std::string> login_environment(const Login& login, const wire::Network& network,
                                           const std::vector<std::string>& ours);

}  // namespace vrun::shepherd
