// SPDX-License-Identifier: Apache-2.0
#include "daemon/settings.hpp"

#include "wire/base/lower.hpp"
#include "wire/base/words.hpp"

#include <algorithm>
#include <array>
#include <limits>

namespace vrun::daemon {
namespace {

class Category final : public std::error_category {
public:
    const char* name() const noexcept override { return "option"; }
    std::string message(int value) const override {
        static constexpr std::array texts{
            "no error",
            "not a port (0 to 65535; 0 lets the system choose)",
            "not a number of slots (1 to 65536)",
            "not a number of seconds from 2 to 86400 (daemons beat once a second)",
            "not a number of seconds from 0 to 86400",
            "not a number of MiB from 1 to 4096",
            "not a log level (error, warning, info or debug)",
            "neither yes nor no (1, true, yes, on; 0, false, no, off)",
            "not the number of a descriptor",
            "not a node name (letters, digits, '-', '_' and '.')",
            "a path is missing",
            "its value is missing",
            "takes no value",
            "may be given once",
            "no such setting; vrund --help lists them",
            "no such option; vrund --help lists them",
            "not an option; to run a program beside the daemon, put -- before it",
            "vrund --help shows how it is used",
            "only with --private",
            "not with --private",
            "a program is missing after --",
        };
        return texts.at(static_cast<std::size_t>(value));
    }
};

Problem problem_unless(bool good, OptionErrc otherwise) {
    if (good) return std::nullopt;
    return Error{otherwise, ""};
}

template <class Number>
bool read_number(const std::string& text, Number& number, Number min, Number max) {
    const auto read = number_in<Number>(text);
    if (!read || !(*read >= min && *read <= max)) return false;
    number = *read;
    return true;
}

std::optional<bool> yes_or_no(std::string_view text) {
    static constexpr std::array yes{"1", "true", "yes", "on"}, no{"0", "false", "no", "off"};
    const std::string word = lower(text);
    if (std::ranges::find(yes, word) != yes.end()) return true;
    if (std::ranges::find(no, word) != no.end()) return false;
    return std::nullopt;
}

Problem set_discovery(Options& options, const std::string& value) {
    auto sources = discovery::parse_sources(value);
    if (!sources) return sources.error();
    options.discovery.insert(options.discovery.end(), sources->begin(), sources->end());
    return std::nullopt;
}

Problem set_key_file(Options& options, const std::string& value) {
    options.key_file = value;
    return problem_unless(!value.empty(), OptionErrc::not_a_path);
}

Problem set_port(Options& options, const std::string& value) {
    return problem_unless(read_number<std::uint16_t>(value, options.port, 0, 65535),
                          OptionErrc::not_a_port);
}

Problem set_socket(Options& options, const std::string& value) {
    options.socket = value;
    return problem_unless(!value.empty(), OptionErrc::not_a_path);
}

Problem set_slots(Options& options, const std::string& value) {
    return problem_unless(read_number<std::uint32_t>(value, options.slots.emplace(), 1, 65536),
                          OptionErrc::not_a_slot_count);
}

Problem set_name(Options& options, const std::string& value) {
    options.name = value;
    return problem_unless(discovery::is_host_name(value), OptionErrc::not_a_name);
}

Problem set_controller(Options& options, const std::string& value) {
    const auto word = yes_or_no(value);
    options.controller = word.value_or(false);
    return problem_unless(word.has_value(), OptionErrc::not_yes_or_no);
}

// PATH[:FORMAT]: what follows the last ':' is a format, or belongs to the path.
Hostfile hostfile_of(const std::string& value) {
    const std::size_t colon = value.rfind(':');
    if (colon != value.npos)
        if (const auto format = wire::hostfile_format_of(value.substr(colon + 1)))
            return {value.substr(0, colon), *format};
    return {value};
}

Problem set_hostfile(Options& options, const std::string& values) {
    for (std::size_t begin = 0, end = 0; end != values.npos; begin = end + 1) {
        end = values.find(',', begin);
        options.hostfiles.push_back(hostfile_of(values.substr(begin, end - begin)));
        if (options.hostfiles.back().path.empty()) return Error{OptionErrc::not_a_path, ""};
    }
    return std::nullopt;
}

Problem set_on_change(Options& options, const std::string& value) {
    options.on_change = value;
    return std::nullopt;
}

bool read_seconds(const std::string& text, std::chrono::milliseconds& duration, double min) {
    double seconds = 0;
    if (!read_number(text, seconds, min, 86400.0)) return false;
    duration = std::chrono::milliseconds{static_cast<long long>(seconds * 1000)};
    return true;
}

Problem set_lease(Options& options, const std::string& value) {
    return problem_unless(read_seconds(value, options.lease, 2), OptionErrc::not_a_lease);
}

Problem set_linger(Options& options, const std::string& value) {
    return problem_unless(read_seconds(value, options.linger, 0), OptionErrc::not_a_linger);
}

Problem set_spool(Options& options, const std::string& value) {
    return problem_unless(read_number<std::uint32_t>(value, options.spool_mib, 1, 4096),
                          OptionErrc::not_a_spool);
}

Problem set_log_level(Options& options, const std::string& value) {
    const auto level = process::log_level_of(value);
    options.log_level = level.value_or(options.log_level);
    return problem_unless(level.has_value(), OptionErrc::not_a_log_level);
}

// clang-format off
constexpr std::array table{
    Setting{"discovery", "VRUN_DISCOVERY", "SOURCE",
            "where the other nodes are: dns:NAME, srv:NAME, slurm:, hosts:A,B or file:PATH; "
            "repeatable",
            set_discovery, /*is_list=*/true},
    Setting{"key-file", "VRUN_KEY_FILE", "PATH",
            "the cluster key (/run/secrets/vrun_key, else /etc/vrun/key)", set_key_file},
    Setting{"port", "VRUN_PORT", "N", "TCP port for other daemons (7117)", set_port},
    Setting{"socket", "VRUN_SOCKET", "PATH", "unix socket for vrun and vrunctl", set_socket},
    Setting{"slots", "VRUN_SLOTS", "N",
            "ranks that this node takes (what cores and CPU quota allow)", set_slots},
    Setting{"name", "VRUN_NODE_NAME", "NAME", "name of this node (the host name)", set_name},
    Setting{"controller", "VRUN_CONTROLLER", nullptr,
            "stay connected to all nodes", set_controller},
    Setting{"hostfile", "VRUN_KEEP_HOSTFILE", "PATH[:FORMAT]",
            "a file to keep true for other launchers: a hostfile (openmpi, the default, mpich or "
            "plain), or their settings of the network (mca, prte, hydra); repeatable",
            set_hostfile, /*is_list=*/true},
    Setting{"on-change", "VRUN_ON_CHANGE", "COMMAND",
            "run with sh when such a file changed", set_on_change},
    Setting{"lease", "VRUN_LEASE", "SECONDS",
            "how long a job outlives its controller (10)", set_lease},
    Setting{"linger", "VRUN_LINGER", "SECONDS",
            "how long a user's shepherd waits for the next job (60)", set_linger},
    Setting{"spool", "VRUN_SPOOL", "MIB",
            "output of a detached job that is kept here until somebody attaches (8)", set_spool},
    Setting{"log-level", "VRUN_LOG_LEVEL", "LEVEL",
            "error, warning, info or debug (info)", set_log_level},
};
// clang-format on

}  // namespace

std::error_code make_error_code(OptionErrc value) noexcept {
    static const Category category;
    return {static_cast<int>(value), category};
}

std::span<const Setting> settings() noexcept {
    return table;
}

bool read_descriptor(const std::string& text, int& descriptor) {
    return read_number(text, descriptor, 0, std::numeric_limits<int>::max());
}

}  // namespace vrun::daemon
