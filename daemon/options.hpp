// SPDX-License-Identifier: Apache-2.0
// daemon/options: the settings of vrund.
// One table of settings, each with one name as flag, environment variable and key of the file;
// a flag wins over the variable, and that over the file. Pure but for reading the file.
#pragma once

#include "discovery/source.hpp"
#include "process/log.hpp"
#include "wire/base/result.hpp"
#include "wire/hostfile_text.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace vrun::daemon {

enum class Request : std::uint8_t { serve, help, version };

struct Hostfile {  // one to keep true
    std::string path;
    wire::HostfileFormat format = wire::HostfileFormat::openmpi;

    friend bool operator==(const Hostfile&, const Hostfile&) = default;
};

struct Options {
    Request request = Request::serve;
    std::vector<discovery::Source> discovery;
    std::string key_file;                // empty: the default places
    std::uint16_t port = 7117;           // 0: the system chooses
    std::string socket;                  // empty: wire::default_local_socket()
    std::optional<std::uint32_t> slots;  // empty: what cores and quota allow
    std::string name;                    // empty: the host name
    bool controller = false;
    std::vector<Hostfile> hostfiles;
    std::string on_change;  // a command for /bin/sh
    std::chrono::milliseconds lease{10'000};
    std::chrono::milliseconds linger{60'000};
    std::uint32_t spool_mib = 8;
    process::LogLevel log_level = process::LogLevel::info;
    bool is_private = false;
    std::optional<int> client_fd;
    bool insecure_no_auth = false;
    std::vector<std::string> command;  // what followed "--"
};

enum class OptionErrc {
    not_a_port = 1,
    not_a_slot_count,
    not_a_lease,
    not_a_linger,
    not_a_spool,
    not_a_log_level,
    not_yes_or_no,
    not_a_descriptor,
    not_a_name,
    not_a_path,
    value_missing,
    no_value_wanted,
    several_values,
    unknown_setting,
    unknown_flag,
    stray_word,
    bad_usage,
    needs_private,
    not_with_private,
    no_command,
};
std::error_code make_error_code(OptionErrc value) noexcept;

struct OptionSources {
    std::vector<std::string> arguments;  // without the program's name
    std::function<std::optional<std::string>(const char* name)> environment;
    // May be missing, unlike --config. A private daemon does not read it: it may not be its user's.
    std::string default_config = "/etc/vrun/vrund.conf";
};

// The environment of this process.
std::optional<std::string> environment_variable(const char* name);

// The error names the setting and where it came from; vrund prints it and exits 2.
Result<Options> parse_options(const OptionSources& sources);

std::string help_text();

}  // namespace vrun::daemon

template <>
struct std::is_error_code_enum<vrun::daemon::OptionErrc> : std::true_type {};
