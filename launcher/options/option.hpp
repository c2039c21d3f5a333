// SPDX-License-Identifier: Apache-2.0
// launcher/options/option: one row of the tables of options, and how a row is written.
// The parser, --help, the manual pages, completion and docs/options.md all read these rows.
// Rows only change Settings: what needs a file, the environment or a terminal happens later.
#pragma once

#include "launcher/options/errors.hpp"
#include "launcher/options/settings.hpp"
#include "wire/base/result.hpp"

#include <optional>
#include <span>
#include <string_view>

namespace vrun::launcher {

// app: each program of `a : b` has its own; job: holds for all, wherever it is written.
enum class Scope : unsigned char { app, job };

enum class Answer : unsigned char {
    done,
    silent,   // nothing to do, and nothing to say
    noted,    // nothing to do; one line says why
    refused,  // an error with the reason
};

struct Option {
    std::string_view names;  // "n np", without dashes; the first is the one to teach
    // "COUNT"; "NAME VALUE": two words, or one with '='; "none|core|numa": the words there are;
    // "[TOPIC]": may be missing; "[=TTL]": the same, never the next word; empty: a switch.
    std::string_view value;
    Dialects dialects;
    Scope scope;
    std::string_view help;  // its meaning; of `noted` and `refused`: why, and what to type instead
    // Two words come as NAME=VALUE. The Error names the value, or the part of it that is wrong.
    std::optional<Error> (*apply)(Settings&, std::string_view value);
    Answer answer = Answer::done;
};

inline std::optional<Error> apply_nothing(Settings&, std::string_view) {
    return std::nullopt;
}

constexpr Option silent(std::string_view names, std::string_view value, Dialects dialects,
                        std::string_view why) {
    return {names, value, dialects, Scope::app, why, apply_nothing, Answer::silent};
}
constexpr Option noted(std::string_view names, std::string_view value, Dialects dialects,
                       std::string_view why) {
    return {names, value, dialects, Scope::app, why, apply_nothing, Answer::noted};
}
constexpr Option refused(std::string_view names, std::string_view value, Dialects dialects,
                         std::string_view why) {
    return {names, value, dialects, Scope::app, why, apply_nothing, Answer::refused};
}

struct Section {  // the rows of one file, under one title
    std::string_view title;
    std::span<const Option> options;
};

}  // namespace vrun::launcher
