// SPDX-License-Identifier: Apache-2.0
#include "launcher/options/parse.hpp"

#include "launcher/options/option_file.hpp"
#include "launcher/options/table.hpp"
#include "launcher/options/variables.hpp"

#include <algorithm>

namespace vrun::launcher {
namespace {

std::optional<Error> apply(const Given& given, Settings& settings) {
    const Option& option = *given.option;
    if (option.answer == Answer::refused) return Error{refusal_code(option), given.spelling};
    if (option.answer == Answer::noted)
        settings.notices.push_back(given.spelling + ": " + std::string{option.help});
    std::optional<Error> error = option.apply(settings, given.value);
    if (error) error->doing = given.spelling + (error->doing.empty() ? "" : " ") + error->doing;
    return error;
}

std::optional<Error> apply(const CommandWords& words, Settings& settings) {
    for (std::size_t i = 0; i < words.contexts.size(); ++i) {
        if (i > 0) settings.apps.emplace_back();
        for (const Given& given : words.common)
            if (i == 0 || given.option->scope == Scope::app)
                if (auto error = apply(given, settings)) return error;
        for (const Given& given : words.contexts[i].options)
            if (auto error = apply(given, settings)) return error;
        settings.apps.back().argv = words.contexts[i].argv;
    }
    return std::nullopt;
}

class Parser {
public:
    explicit Parser(const CommandLine& line) : line_{line} {
        for (const std::string& assignment : line.environment) {
            const std::size_t equals = assignment.find('=');
            if (equals == assignment.npos) continue;
            environment_[assignment.substr(0, equals)] = assignment.substr(equals + 1);
        }
    }

    Result<Settings> parse() {
        auto words = split();
        if (!words) return words.error();
        Settings alone;  // what the command line says by itself: which files, which parameters
        if (auto error = apply(*words, alone)) return *error;
        if (alone.help || alone.version) return alone;
        if (words->missing) return *words->missing;

        Settings settings;
        settings.personality = words->personality;
        for (const ParameterFile& file : alone.parameter_files)
            if (auto error = read_parameters(file, settings)) return *error;
        if (auto error = apply_variables(settings, alone)) return *error;
        if (auto error = apply(*words, settings)) return *error;
        finish(settings);
        return settings;
    }

private:
    static wire::Personality placement_personality(Dialects personality) {
        if (personality == hydra) return wire::Personality::hydra;
        return personality == openmpi5 ? wire::Personality::openmpi5 : wire::Personality::openmpi4;
    }

    // As mpiexec: it counts no slots, and starts one process unless hosts have counts.
    static void finish(Settings& settings) {
        settings.placement.personality = placement_personality(settings.personality);
        if (settings.personality != hydra) return;
        if (settings.placement.oversubscribe == wire::Choice::unset)
            settings.placement.oversubscribe = wire::Choice::yes;
        const bool names_hosts = !settings.host_words.empty() || !settings.host_files.empty() ||
                                 !settings.default_host_file.empty();
        if (names_hosts) return;
        for (AppSettings& app : settings.apps)
            if (app.count == 0 && app.host_words.empty() && app.host_files.empty()) app.count = 1;
    }

    // --personality may stand anywhere, and holds for what stands before it as well.
    Result<CommandWords> split() const {
        const auto named = environment_.find("VRUN_PERSONALITY");
        Dialects first = personality_of_program(line_.program);
        if (named != environment_.end() && personality_named(named->second) != 0)
            first = personality_named(named->second);
        auto words = split_command_line(line_.words, first, line_.read_file);
        if (!words || words->personality == first) return words;
        return split_command_line(line_.words, words->personality, line_.read_file);
    }

    std::optional<Error> read_parameters(const ParameterFile& file, Settings& settings) const {
        const auto text = line_.read_file(file.path);
        if (!text) return text.error();
        std::ranges::move(parameters_of(*text, file.kind, "OMPI_MCA_"),
                          std::back_inserter(settings.environment));
        return std::nullopt;
    }

    // Without those of a file that is not there.
    VariableMap parameters_of_files() const {
        VariableMap parameters;
        for (const ParameterFilePlace& place : parameter_file_places()) {
            const std::string path = expanded(place.path);
            if (path.empty()) continue;
            const auto text = line_.read_file(path);
            if (!text) continue;
            for (const auto& change :
                 parameters_of(*text, ParameterFile::Kind::values, place.prefix))
                parameters[change.name] = change.value;
        }
        return parameters;
    }

    // "$HOME/x" with the variable's value; empty if there is none.
    std::string expanded(std::string_view path) const {
        if (!path.starts_with('$')) return std::string{path};
        const std::size_t slash = path.find('/');
        const auto found = environment_.find(path.substr(1, slash - 1));
        if (found == environment_.end() || !found->second.starts_with('/')) return "";
        return found->second + std::string{path.substr(slash)};
    }

    std::optional<Error> apply_variables(Settings& settings, const Settings& alone) const {
        VariableMap variables = parameters_of_files();
        for (const auto& [name, value] : environment_)
            variables[name] = value;
        for (const auto& changes : {settings.environment, alone.environment})
            for (const EnvironmentChange& change : changes)
                if (change.kind == EnvironmentChange::Kind::set)
                    variables[change.name] = change.value;

        for (const AskedByVariable& asked : asked_by(variables)) {
            auto words = split_command_line({asked.word, "-"}, settings.personality, {});
            if (!words)
                return Error{words.error().code, asked.variable + ": " + words.error().doing};
            for (const Given& given : words->contexts.front().options)
                if (auto error = apply(given, settings))
                    return Error{error->code, asked.variable + ": " + error->doing};
        }
        return std::nullopt;
    }

    const CommandLine& line_;
    VariableMap environment_;
};

}  // namespace

Result<Settings> parse(const CommandLine& line) {
    return Parser{line}.parse();
}

}  // namespace vrun::launcher
