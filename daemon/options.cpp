// SPDX-License-Identifier: Apache-2.0
#include "daemon/options.hpp"

#include "daemon/settings.hpp"
#include "wire/base/escape.hpp"

#include <fmt/format.h>
#include <algorithm>
#include <array>
#include <CLI/CLI.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>

namespace vrun::daemon {
namespace {

struct Flag {
    const char* name;
    const char* value;
    const char* help;
};
constexpr std::array flags{
    Flag{"config", "PATH", "file of these settings, NAME = VALUE (/etc/vrun/vrund.conf)"},
    Flag{"private", nullptr, "serve whoever started us and end with it"},
    Flag{"client-fd", "N", "with --private: the descriptor of a connected vrun"},
    Flag{"insecure-no-auth", nullptr,
         "serve the network without a key: whoever reaches the port commands"},
    Flag{"version", nullptr, "print the version and exit"},
    Flag{"help", nullptr, "print this text and exit"},
};

struct CommandLine {
    std::map<std::string, std::vector<std::string>, std::less<>>
        values;  // by name; "true" for a bare flag
    std::vector<std::string> command;

    bool has(std::string_view name) const { return values.contains(name); }
};

Error at(std::error_code code, const std::string& where) {
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
    std::ranges::for_each(settings(), add);
    std::ranges::for_each(flags, add);
    try {
        app.parse(std::move(reversed));
    } catch (const CLI::ArgumentMismatch& error) {  // "--port: 1 required TEXT missing"
        const std::string text = error.what();
        return at(OptionErrc::value_missing, text.substr(0, text.find(':')));
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
        if (std::ranges::none_of(settings(), is_it))
            return at(OptionErrc::unknown_setting, path + ": " + key);
        Values& values = config.values[key];
        values.insert(values.end(), item.inputs.begin(), item.inputs.end());
    }
    return config;
}

struct Given {  // one value of a setting, and where it was found
    std::string value;
    std::string place;  // "--port", "VRUN_PORT", "/etc/vrun/vrund.conf: port"
    std::string whole;  // with the value, as it was written there
};

std::vector<Given> given(const Setting& setting, const CommandLine& line,
                         const OptionSources& sources, const ConfigFile& config) {
    if (const auto found = line.values.find(setting.name); found != line.values.end()) {
        std::vector<Given> all;
        const std::string flag = std::string{"--"} + setting.name;
        for (const std::string& value : found->second)
            all.push_back({value, flag, flag + (setting.value ? " " : "=") + value});
        return all;
    }
    // An empty variable is how Compose files say "not set".
    if (const auto value = sources.environment(setting.variable); value && !value->empty())
        return {{*value, setting.variable, std::string{setting.variable} + "=" + *value}};
    if (const auto found = config.values.find(setting.name); found != config.values.end()) {
        const std::string value = fmt::format("{}", fmt::join(found->second, ","));
        const std::string place = config.path + ": " + setting.name;
        return {{value, place, place + " = " + value}};
    }
    return {};
}

Problem apply(const Setting& setting, const std::vector<Given>& values, Options& options) {
    for (const Given& given : values) {
        if (values.size() > 1 && !setting.is_list)
            return at(OptionErrc::several_values, given.place);
        const Problem problem = setting.set(options, given.value);
        if (!problem) continue;
        if (problem->doing.empty()) return at(problem->code, given.whole);
        return Error{problem->code, escaped(given.place) + ": " + problem->doing};
    }
    return std::nullopt;
}

Problem apply_flags(const CommandLine& line, Options& options) {
    for (const Flag& flag : flags)
        if (const auto found = line.values.find(flag.name);
            flag.value == nullptr && found != line.values.end() && found->second.back() != "true")
            return at(OptionErrc::no_value_wanted, std::string{"--"} + flag.name);
    if (line.has("help")) options.request = Request::help;
    if (line.has("version")) options.request = Request::version;
    options.is_private = line.has("private");
    options.insecure_no_auth = line.has("insecure-no-auth");
    options.command = line.command;
    if (options.is_private && !line.command.empty()) return at(OptionErrc::not_with_private, "--");
    const auto found = line.values.find("client-fd");
    if (found == line.values.end()) return std::nullopt;
    const std::string& value = found->second.front();
    if (!options.is_private) return at(OptionErrc::needs_private, "--client-fd");
    if (!read_descriptor(value, options.client_fd.emplace()))
        return at(OptionErrc::not_a_descriptor, "--client-fd " + value);
    return std::nullopt;
}

}  // namespace

std::optional<std::string> environment_variable(const char* name) {
    const char* const value = std::getenv(name);
    if (value == nullptr) return std::nullopt;
    return value;
}

Result<Options> parse_options(const OptionSources& sources) {
    const Result<CommandLine> line = parse_flags(sources.arguments);
    if (!line) return line.error();
    Options options;
    if (const Problem problem = apply_flags(*line, options)) return *problem;
    if (options.request != Request::serve) return options;

    ConfigFile config;
    if (const auto path = line->values.find("config");
        path != line->values.end() || !options.is_private) {
        const bool asked = path != line->values.end();
        Result<ConfigFile> read =
            read_config(asked ? path->second.back() : sources.default_config, asked);
        if (!read) return read.error();
        config = std::move(*read);
    }
    for (const Setting& setting : settings())
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
    for (const Setting& setting : settings()) {
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
