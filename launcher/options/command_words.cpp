// SPDX-License-Identifier: Apache-2.0
#include "launcher/options/command_words.hpp"

#include "launcher/options/option_file.hpp"
#include "launcher/options/table.hpp"

#include <algorithm>

namespace vrun::launcher {
namespace {

// One pass over the words; an Error ends it.
class Splitter {
public:
    Splitter(std::vector<std::string> words, Dialects personality, const ReadFile& read_file)
        : words_{std::move(words)}, read_file_{read_file} {
        result_.personality = personality;
    }

    Result<CommandWords> split() {
        if (auto error = split_contexts()) return *error;
        if (!file_.empty())
            if (auto error = split_file()) return *error;
        return result_;
    }

private:
    bool at_end() const { return next_ == words_.size(); }
    const std::string& take() { return words_[next_++]; }

    // A lone '-' is a program's name as good as any.
    bool at_option() const {
        return !at_end() && words_[next_].size() > 1 && words_[next_].front() == '-';
    }

    std::optional<Error> split_contexts() {
        do {
            Context& context = result_.contexts.emplace_back();
            while (at_option()) {
                const std::string word = take();
                if (word == "--") break;
                if (auto error = split_option(context, word)) return error;
            }
            while (!at_end() && words_[next_] != ":")
                context.argv.push_back(take());
            if (!file_.empty()) return end_beside_file(context);
            if (context.argv.empty()) result_.missing = missing_program();
            if (at_end()) return std::nullopt;
            ++next_;  // the ':'
            if (at_end()) result_.missing = Error{OptionErrc::no_program_here, ":"};
        } while (!at_end());
        return std::nullopt;
    }

    // The options beside a file of programs hold for all of them.
    std::optional<Error> end_beside_file(Context& context) {
        if (!context.argv.empty())
            return Error{OptionErrc::program_beside_file, context.argv.front()};
        if (!at_end()) return Error{OptionErrc::program_beside_file, ":"};
        result_.common = std::move(context.options);
        result_.contexts.clear();
        return std::nullopt;
    }

    Error missing_program() const {
        if (result_.contexts.size() > 1 || !at_end()) return {OptionErrc::no_program_here, ":"};
        return {OptionErrc::no_program, "PROGRAM is missing"};
    }

    std::optional<Error> split_option(Context& context, const std::string& word) {
        const std::size_t equals = word.find('=');
        Given given{nullptr, word.substr(0, equals), ""};
        const std::string name = given.spelling.substr(
            std::min(given.spelling.find_first_not_of('-'), given.spelling.size()));
        given.option = find_option(name, result_.personality);
        if (!given.option) return split_letters(context, given.spelling, name);
        if (equals != word.npos && given.option->value.empty())
            return Error{OptionErrc::takes_no_value, given.spelling};
        if (equals != word.npos) {
            given.value = word.substr(equals + 1);
        } else if (auto error = take_value(given)) {
            return error;
        }
        return add(context, std::move(given));
    }

    // -qv is -q -v, if nothing else is meant by it.
    std::optional<Error> split_letters(Context& context, const std::string& spelling,
                                       const std::string& letters) {
        const auto is_option = [&](const char& letter) {
            return find_option({&letter, 1}, result_.personality) != nullptr;
        };
        const bool are_options = !spelling.starts_with("--") && !letters.empty() &&
                                 std::ranges::all_of(letters, is_option);
        if (!are_options) return unknown(spelling, letters);
        for (const char letter : letters)
            if (auto error = split_option(context, std::string{'-', letter})) return error;
        return std::nullopt;
    }

    std::optional<Error> take_value(Given& given) {
        if (!takes_next_word(*given.option)) return std::nullopt;
        if (given.option->value.front() == '[') {
            if (!at_end() && !at_option() && words_[next_] != ":") given.value = take();
            return std::nullopt;
        }
        if (at_end()) return needs_value(given);
        given.value = take();
        return std::nullopt;
    }

    std::optional<Error> add(Context& context, Given given) {
        if (value_words(*given.option) == 2 && given.value.find('=') == std::string::npos) {
            if (at_end()) return needs_value(given);
            given.value += "=" + take();
        }
        Settings alone;  // what this option says to us
        alone.personality = result_.personality;
        if (!given.option->apply(alone, given.value)) {
            result_.personality = alone.personality;
            if (!alone.program_file.empty() && !file_.empty())
                return Error{OptionErrc::second_program_file, given.spelling + " " + given.value};
            if (!alone.program_file.empty()) file_ = alone.program_file;
        }
        context.options.push_back(std::move(given));
        return std::nullopt;
    }

    static Error needs_value(const Given& given) {
        return {OptionErrc::needs_value, given.spelling + " " + std::string{given.option->value}};
    }

    static Error unknown(const std::string& spelling, std::string_view name) {
        const std::string_view nearest = nearest_option(name);
        if (nearest.empty()) return {OptionErrc::unknown, spelling};
        return {OptionErrc::unknown, spelling + " (did you mean " + dashed(nearest) + "?)"};
    }

    // Each line is what could stand between two ':'; one at its end changes nothing.
    std::optional<Error> split_file() {
        const auto text = read_file_(file_);
        if (!text) return text.error();
        result_.missing.reset();
        for (const FileLine& line : lines_of(*text)) {
            std::vector<std::string> words = words_of(line.text);
            if (words.back() == ":") words.pop_back();
            auto split = split_command_line(std::move(words), result_.personality, no_file);
            if (!split) return in_file(line, split.error());
            if (split->missing) return in_file(line, *split->missing);
            std::ranges::move(split->contexts, std::back_inserter(result_.contexts));
        }
        if (result_.contexts.empty()) return Error{OptionErrc::no_program_in_file, file_};
        return std::nullopt;
    }

    static Result<std::string> no_file(const std::string& path) {
        return Error{OptionErrc::second_program_file, path};
    }

    Error in_file(const FileLine& line, const Error& error) const {
        return {error.code, file_ + " line " + std::to_string(line.number) + ": " + error.doing};
    }

    std::vector<std::string> words_;
    std::size_t next_ = 0;
    const ReadFile& read_file_;
    std::string file_;  // of programs
    CommandWords result_;
};

}  // namespace

Result<CommandWords> split_command_line(std::vector<std::string> words, Dialects personality,
                                        const ReadFile& read_file) {
    return Splitter{std::move(words), personality, read_file}.split();
}

}  // namespace vrun::launcher
