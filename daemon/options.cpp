// SPDX-License-Identifier: Apache-2.0
#include "daemon/options.hpp"

#include "wire/base/escape.hpp"

#include <fmt/format.h>
#include <algorithm>
#include <array>
#include <charconv>
#include <CLI/CLI.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>

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
            "not a log level (error, warning, info or debug)",
            "neither yes nor no (1, true, yes, on; 0, false, no, off)",
            "not the number of a descriptor",
            "not a node name (letters, digits, '-', '_' and '.')",
            "a path is missing",
            "one value is wanted",
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

using Problem = std::optional<Error>;  // its `doing` adds to what was read where
using Set = Problem (*)(Options&, const std::string& value);

struct Setting {
    const char* name;  // --name; the key of the file
    const char* variable;
    const char* value;  // what its value is called; nullptr: yes or no
    const char* help;
    Set set;
};

Problem problem_unless(bool good, OptionErrc otherwise) {
    if (good) return std::nullopt;
    return Error{otherwise, ""};
}

template <class Number>
bool read_number(const std::string& text, Number& number, Number min, Number max) {
    Number read{};
    const char* const end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, read);
    if (error != std::errc{} || stop != end || !(read >= min && read <= max)) return false;
    number = read;
    return true;
}

std::optional<bool> yes_or_no(std::string word) {
    static constexpr std::array yes{"1", "true", "yes", "on"}, no{"0", "false", "no", "off"};
    std::ranges::transform(word, word.begin(), [](unsigned char c) { return std::tolower(c); });
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

Problem set_lease(Options& options, const std::string& value) {
    double seconds = 0;
    if (!read_number(value, seconds, 2.0, 86400.0)) return Error{OptionErrc::not_a_lease, ""};
    options.lease = std::chrono::milliseconds{static_cast<long long>(seconds * 1000)};
    return std::nullopt;
}

Problem set_log_level(Options& options, const std::string& value) {
    const auto level = process::log_level_of(value);
    options.log_level = level.value_or(options.log_level);
    return problem_unless(level.has_value(), OptionErrc::not_a_log_level);
}

// clang-format off
constexpr std::array settings{
    Setting{"discovery", "VRUN_DISCOVERY", "SOURCE",
            "where the other nodes are: dns:NAME, hosts:A,B or file:PATH; may be repeated", set_discovery},
    Setting{"key-file", "VRUN_KEY_FILE", "PATH",
            "the cluster key (/run/secrets/vrun_key, else /etc/vrun/key)", set_key_file},
    Setting{"port", "VRUN_PORT", "N", "TCP port for other daemons (7117)", set_port},
    Setting{"socket", "VRUN_SOCKET", "PATH", "unix socket for vrun and vrunctl", set_socket},
    Setting{"slots", "VRUN_SLOTS", "N", "ranks that this node takes (what cores and CPU quota allow)", set_slots},
    Setting{"name", "VRUN_NODE_NAME", "NAME", "name of this node (the host name)", set_name},
    Setting{"controller", "VRUN_CONTROLLER", nullptr, "stay connected to all nodes", set_controller},
    Setting{"lease", "VRUN_LEASE", "SECONDS", "how long a job outlives its controller (10)", set_lease},
    Setting{"log-level", "VRUN_LOG_LEVEL", "LEVEL", "error, warning, info or debug (info)", set_log_level},
};

struct Flag {
    const char* name;
    const char* value;
    const char* help;
};
constexpr std::array flags{
    Flag{"config", "PATH", "file of these settings, NAME = VALUE (/etc/vrun/vrund.conf)"},
    Flag{"private", nullptr, "serve whoever started us and end with it"},
    Flag{"client-fd", "N", "with --private: the descriptor of a connected vrun"},
    Flag{"insecure-no-auth", nullptr, "serve the network without a key: whoever reaches the port commands"},
    Flag{"version", nullptr, "print the version and exit"},
    Flag{"help", nullptr, "print this text and exit"},
};
// clang-format on

struct CommandLine {
    std::map<std::string, std::vector<std::string>, std::less<>>
        values;  // by name; "true" for a bare flag
    std::vector<std::string> command;

    bool has(std::string_view name) const { return values.contains(name); }
};

Error at(OptionErrc code, const std::string& where) {
    return Error{code, escaped(where)};
}

Result<CommandLine> parse_flags(std::vector<std::string> arguments) {
    CommandLine line;
    const auto separator = std::ranges::find(arguments, "--");
    if (separator != arguments.end()) {
        line.command.assign(separator + 1, arguments.end());
        if (line.command.empty()) return at(OptionErrc::no_command, "--");
    }
    std::vector<std::string> reversed(std::reverse_iterator{separator}, arguments.rend());

    CLI::App app;
    app.set_help_flag();
    app.allow_extras();
    const auto add = [&app](const auto& row) {
        const std::string flag = std::string{"--"} + row.name;
        if (row.value == nullptr)
            app.add_flag(flag);
        else
            app.add_option(flag)
                ->expected(1, CLI::detail::expected_max_vector_size)
                ->allow_extra_args(false);
    };
    std::ranges::for_each(settings, add);
    std::ranges::for_each(flags, add);
    try {
        app.parse(std::move(reversed));
    } catch (const CLI::ParseError& error) {
        return at(OptionErrc::bad_usage, error.what());
    }
    for (const CLI::Option* option : app.get_options())
        if (option->count() > 0) line.values[option->get_single_name()] = option->results();
    const std::vector<std::string> extras = app.remaining();
    if (extras.empty()) return line;
    const bool is_flag = extras.front().starts_with('-');
    return at(is_flag ? OptionErrc::unknown_flag : OptionErrc::stray_word, extras.front());
}

using Values = std::vector<std::string>;

struct ConfigFile {
    std::string path;
    std::map<std::string, Values, std::less<>> values;  // by key
};

Result<ConfigFile> read_config(const std::string& path, bool must_exist) {
    ConfigFile config{path, {}};
    std::error_code ignored;
    std::ifstream file{path};
    if (!file) {
        const std::error_code code{errno, std::system_category()};
        if (!must_exist && code == std::errc::no_such_file_or_directory) return config;
        return Error{code, "read the settings in '" + escaped(path) + "'"};
    }
    if (std::filesystem::is_directory(path, ignored))
        return Error{std::make_error_code(std::errc::is_a_directory),
                     "read the settings in '" + escaped(path) + "'"};
    for (const CLI::ConfigItem& item : CLI::ConfigBase{}.from_config(file)) {
        const std::string key = item.fullname();
        const auto is_it = [&](const Setting& setting) { return setting.name == key; };
        if (std::ranges::none_of(settings, is_it))
            return at(OptionErrc::unknown_setting, path + ": " + key);
        Values& values = config.values[key];
        values.insert(values.end(), item.inputs.begin(), item.inputs.end());
    }
    return config;
}

struct Given {  // one value of a setting, and the words that say where it was found
    std::string value;
    std::string where;
};

Given joined(const Values& values, const std::string& before) {
    const std::string value = fmt::format("{}", fmt::join(values, ","));
    return {value, before + value};
}

std::vector<Given> given(const Setting& setting, const CommandLine& line,
                         const OptionSources& sources, const ConfigFile& config) {
    if (const auto found = line.values.find(setting.name); found != line.values.end()) {
        std::vector<Given> all;
        const std::string flag = std::string{"--"} + setting.name;
        for (const std::string& value : found->second)
            all.push_back({value, setting.value ? flag + " " + value : flag});
        return all;
    }
    // An empty variable is how Compose files say "not set".
    if (const auto value = sources.environment(setting.variable); value && !value->empty())
        return {{*value, std::string{setting.variable} + "=" + *value}};
    if (const auto found = config.values.find(setting.name); found != config.values.end())
        return {joined(found->second, config.path + ": " + setting.name + " = ")};
    return {};
}

Problem apply(const Setting& setting, const std::vector<Given>& values, Options& options) {
    const bool is_list = setting.set == set_discovery;
    for (const Given& given : values) {
        if (values.size() > 1 && !is_list) return at(OptionErrc::several_values, given.where);
        const Problem problem = setting.set(options, given.value);
        if (!problem) continue;
        return Error{problem->code,
                     escaped(given.where) + (problem->doing.empty() ? "" : ": " + problem->doing)};
    }
    return std::nullopt;
}

Problem apply_flags(const CommandLine& line, Options& options) {
    options.is_private = line.has("private");
    options.insecure_no_auth = line.has("insecure-no-auth");
    options.command = line.command;
    if (options.is_private && !line.command.empty()) return at(OptionErrc::not_with_private, "--");
    const auto found = line.values.find("client-fd");
    if (found == line.values.end()) return std::nullopt;
    const std::string& value = found->second.front();
    if (!options.is_private) return at(OptionErrc::needs_private, "--client-fd");
    if (!read_number(value, options.client_fd.emplace(), 0, 1 << 30))
        return at(OptionErrc::not_a_descriptor, "--client-fd " + value);
    return std::nullopt;
}

}  // namespace

std::error_code make_error_code(OptionErrc value) noexcept {
    static const Category category;
    return {static_cast<int>(value), category};
}

std::optional<std::string> environment_variable(const char* name) {
    const char* const value = std::getenv(name);
    if (value == nullptr) return std::nullopt;
    return value;
}

Result<Options> parse_options(const OptionSources& sources) {
    const Result<CommandLine> line = parse_flags(sources.arguments);
    if (!line) return line.error();
    Options options;
    if (line->has("help")) options.request = Request::help;
    if (line->has("version")) options.request = Request::version;
    if (options.request != Request::serve) return options;
    if (const Problem problem = apply_flags(*line, options)) return *problem;

    ConfigFile config;
    if (const auto path = line->values.find("config");
        path != line->values.end() || !options.is_private) {
        const bool asked = path != line->values.end();
        Result<ConfigFile> read =
            read_config(asked ? path->second.back() : sources.default_config, asked);
        if (!read) return read.error();
        config = std::move(*read);
    }
    for (const Setting& setting : settings)
        if (const Problem problem = apply(setting, given(setting, *line, sources, config), options))
            return *problem;
    return options;
}

std::string help_text() {
    std::string text =
        "Usage: vrund [OPTION…] [-- CMD…]\n\nThe node daemon of vrun. With CMD it is the "
        "container's first process and runs CMD as the main program.\n\n";
    const auto add = [&text](const auto& row) {
        const std::string flag = fmt::format("--{} {}", row.name, row.value ? row.value : "");
        text += fmt::format("  {:<20} {}", flag, row.help);
    };
    for (const Setting& setting : settings) {
        add(setting);
        text += fmt::format(" [{}]\n", setting.variable);
    }
    for (const Flag& flag : flags) {
        add(flag);
        text += "\n";
    }
    return text +
           "\nA flag wins over the variable in brackets, and that over the file, where each "
           "setting has the flag's name: port = 7117\n";
}

}  // namespace vrun::daemon
