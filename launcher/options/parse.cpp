// SPDX-License-Identifier: Apache-2.0
#include "launcher/options/parse.hpp"

#include "launcher/options/table.hpp"

#include <algorithm>

namespace vrun::launcher {
namespace {

// One pass over the words; an Error ends it.
class Parser {
public:
    explicit Parser(std::span<const char* const> words) : words_{words} {}

    Result<Settings> parse() {
        while (!words_.empty()) {
            if (const std::optional<Error> error = parse_options()) return *error;
            if (asks_for_text()) return settings_;
            take_program();
            if (words_.empty()) break;
            words_ = words_.subspan(1);  // the ':'
            if (settings_.apps.back().argv.empty() || words_.empty())
                return Error{OptionErrc::no_program_here, ":"};
            settings_.apps.emplace_back();
        }
        if (!settings_.apps.back().argv.empty() || asks_for_text()) return settings_;
        if (settings_.apps.size() > 1) return Error{OptionErrc::no_program_here, ":"};
        return Error{OptionErrc::no_program, "PROGRAM is missing"};
    }

private:
    bool asks_for_text() const { return settings_.help || settings_.version; }

    std::string_view take() {
        const std::string_view word{words_.front()};
        words_ = words_.subspan(1);
        return word;
    }

    void take_program() {
        const auto end = std::ranges::find(words_, std::string_view{":"},
                                           [](const char* word) { return std::string_view{word}; });
        settings_.apps.back().argv.assign(words_.begin(), end);
        words_ = {end, words_.end()};
    }

    // A lone '-' is a program's name as good as any.
    bool at_option() const {
        const std::string_view word{words_.empty() ? "" : words_.front()};
        return word.size() > 1 && word.front() == '-';
    }

    std::optional<Error> parse_options() {
        while (at_option()) {
            const std::string_view word = take();
            if (word == "--") break;
            if (auto error = parse_option(word)) return error;
        }
        return std::nullopt;
    }

    std::optional<Error> parse_option(std::string_view word) {
        const std::size_t equals = word.find('=');
        const std::string spelling{word.substr(0, equals)};
        const std::string_view name =
            std::string_view{spelling}.substr(std::min(spelling.find_first_not_of('-'), equals));
        const Option* option = find_option(name);
        if (!option) return parse_letters(spelling, name);
        if (equals != word.npos && option->value.empty())
            return Error{OptionErrc::takes_no_value, spelling};
        if (equals != word.npos) return apply(*option, spelling, word.substr(equals + 1));
        if (option->value.empty()) return apply(*option, spelling, std::nullopt);
        if (words_.empty())
            return Error{OptionErrc::needs_value, spelling + " " + std::string{option->value}};
        return apply(*option, spelling, take());
    }

    // -qv is -q -v, if nothing else is meant by it.
    std::optional<Error> parse_letters(const std::string& spelling, std::string_view letters) {
        const auto find_letter = [](const char& letter) { return find_option({&letter, 1}); };
        const bool are_options =
            !spelling.starts_with("--") && std::ranges::all_of(letters, find_letter);
        if (!are_options) return unknown(spelling, letters);
        for (const char letter : letters)
            if (auto error = parse_option(std::string{'-', letter})) return error;
        return std::nullopt;
    }

    std::optional<Error> apply(const Option& option, const std::string& spelling,
                               std::optional<std::string_view> value) {
        if (option.answer == Answer::refused) return Error{refusal_code(option), spelling};
        if (option.answer == Answer::noted)
            settings_.notices.push_back(spelling + ": " + std::string{option.help});

        std::string text{value.value_or("")};
        if (value_words(option) == 2 && text.find('=') == text.npos) {
            if (words_.empty())
                return Error{OptionErrc::needs_value, spelling + " " + std::string{option.value}};
            text += "=" + std::string{take()};
        }
        std::optional<Error> error = option.apply(settings_, text);
        if (error) error->doing = spelling + " " + error->doing;
        return error;
    }

    static Error unknown(const std::string& spelling, std::string_view name) {
        const std::string_view nearest = nearest_option(name);
        if (nearest.empty()) return {OptionErrc::unknown, spelling};
        return {OptionErrc::unknown, spelling + " (did you mean " + dashed(nearest) + "?)"};
    }

    std::span<const char* const> words_;
    Settings settings_;
};

}  // namespace

Result<Settings> parse(std::span<const char* const> arguments) {
    return Parser{arguments}.parse();
}

}  // namespace vrun::launcher
