// SPDX-License-Identifier: Apache-2.0
#include "daemon/shepherd/login.hpp"

#include "process/program.hpp"
#include "wire/network_text.hpp"

#include <pwd.h>
#include <unistd.h>
#include <array>

namespace vrun::shepherd {
namespace {

constexpr std::size_t entry_size_max = 64u << 10;

constexpr std::array taken_over{"PATH", "LD_LIBRARY_PATH", "LANG", "LC_ALL", "TZ", "VRUN_SOCKET"};

// Debian's bash reads ~/.bashrc for `bash -c` only where it sees that sshd started it. From which
// host is not known here: address, port and our port are those of nobody.
constexpr const char* started_remotely = "SSH_CLIENT=0.0.0.0 0 0";

std::string or_else(const char* text, const char* other) {
    return text && *text ? text : other;
}

}  // namespace

Login own_login() {
    Login login{std::to_string(::getuid()), "/", "/bin/sh"};
    std::vector<char> texts(entry_size_max);
    passwd entry{};
    passwd* found = nullptr;
    if (::getpwuid_r(::getuid(), &entry, texts.data(), texts.size(), &found) != 0 || !found)
        return login;
    login.name = or_else(entry.pw_name, login.name.c_str());
    login.shell = or_else(entry.pw_shell, "/bin/sh");
    const std::string home = or_else(entry.pw_dir, "/");
    if (::access(home.c_str(), X_OK) == 0) login.home = home;
    return login;
}

std::vector<std::string> shell_argv(const Login& login, const std::string& line) {
    const std::string name = login.shell.substr(login.shell.rfind('/') + 1);
    if (line.empty()) return {"-" + name};
    return {name, "-c", line};
}

std::vector<std::string> login_environment(const Login& login, const wire::Network& network,
                                           const std::vector<std::string>& ours) {
    std::vector<std::string> environment{"HOME=" + login.home, "USER=" + login.name,
                                         "LOGNAME=" + login.name, "SHELL=" + login.shell,
                                         started_remotely};
    for (const std::string name : taken_over)
        if (const auto value = process::value_in(ours, name))
            environment.push_back(name + "=" + std::string{*value});
    for (std::string& variable : wire::network_variables(network))
        environment.push_back(std::move(variable));
    return environment;
}

}  // namespace vrun::shepherd
