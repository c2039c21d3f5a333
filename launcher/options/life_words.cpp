// SPDX-License-Identifier: Apache-2.0
#include "launcher/options/life_words.hpp"

#include "launcher/options/errors.hpp"
#include "launcher/options/values.hpp"
#include "wire/base/words.hpp"

#include <algorithm>
#include <array>
#include <csignal>
#include <cstring>

namespace vrun::launcher {
namespace {

using enum wire::Verdict;

// vrun acts on these itself, nobody can catch them, or the kernel sends them for faults.
constexpr std::array not_forwarded{SIGINT,  SIGTERM, SIGHUP,  SIGKILL, SIGSTOP, SIGCHLD,
                                   SIGPIPE, SIGTTIN, SIGSEGV, SIGBUS,  SIGILL,  SIGFPE};

// A word without a value says yes; so does a number but 0, and "true", which may be cut short.
bool is_yes(std::string_view value) {
    if (const auto number = number_in<long>(value)) return *number != 0;
    return same_in_any_case(value, std::string_view{"true"}.substr(0, value.size()));
}

std::optional<Error> note(Settings& settings, std::string_view word, std::string_view why) {
    settings.notices.push_back("--runtime-options " + std::string{word} + ": " + std::string{why});
    return std::nullopt;
}

struct RuntimeWord {
    std::string_view name;
    std::optional<Error> (*apply)(Settings&, std::string_view value);
};

std::optional<Error> refuse(Settings&, std::string_view) {
    return Error{OptionErrc::not_done_here, ""};
}

std::optional<Error> accept(Settings&, std::string_view) {
    return std::nullopt;
}

wire::Tolerance recoverable(std::string_view value) {
    return is_yes(value) ? wire::Tolerance{counts, forgiven} : wire::Tolerance{};
}

// clang-format off
constexpr std::array runtime_words{
    RuntimeWord{"error-nonzero-status", [](Settings& s, std::string_view v) {
        return set_to(s.life.tolerance.exited, is_yes(v) ? ends : forgiven); }},
    RuntimeWord{"donotlaunch", [](Settings& s, std::string_view) { return set(s.plan_only); }},
    RuntimeWord{"show-progress", [](Settings& s, std::string_view v) {
        return set_to(s.life.shows_progress_at_once, is_yes(v)); }},
    RuntimeWord{"notifyerrors", [](Settings& s, std::string_view) {
        return note(s, "notifyerrors", "processes are not told of the failure of others"); }},
    RuntimeWord{"recoverable", [](Settings& s, std::string_view v) {
        return set_to(s.life.tolerance, recoverable(v)); }},
    RuntimeWord{"continuous", [](Settings& s, std::string_view v) {
        s.life.tolerance = recoverable(v);
        return note(s, "continuous", "a process that failed is not started again"); }},
    RuntimeWord{"timeout", [](Settings& s, std::string_view v) { return set_time(s.life.timeout, v); }},
    RuntimeWord{"spawn-timeout", [](Settings& s, std::string_view v) {
        return set_time(s.life.spawn_timeout, v); }},
    RuntimeWord{"report-state-on-timeout", [](Settings& s, std::string_view v) {
        return set_to(s.life.tells_state, is_yes(v)); }},
    RuntimeWord{"get-stack-traces", [](Settings& s, std::string_view v) {
        return set_to(s.life.tells_stacks, is_yes(v)); }},
    RuntimeWord{"report-child-jobs-separately", accept},
    RuntimeWord{"aggregate-help-messages", accept},
    RuntimeWord{"fwd-environment", accept},
    RuntimeWord{"autorestart", refuse},
    RuntimeWord{"max-restarts", refuse},
    RuntimeWord{"exec-agent", refuse},
    RuntimeWord{"default-exec-agent", refuse},
    RuntimeWord{"output-proctable", refuse},
    RuntimeWord{"stop-on-exec", refuse},
    RuntimeWord{"stop-in-init", refuse},
    RuntimeWord{"stop-in-app", refuse},
};
// clang-format on

// Null: none, or several that begin so.
const RuntimeWord* find_word(std::string_view text) {
    const auto begins_so = [&](const RuntimeWord& word) {
        return !text.empty() && same_in_any_case(word.name.substr(0, text.size()), text);
    };
    const auto is_it = [&](const RuntimeWord& word) { return same_in_any_case(word.name, text); };
    if (const auto exact = std::ranges::find_if(runtime_words, is_it); exact != runtime_words.end())
        return &*exact;
    const auto first = std::ranges::find_if(runtime_words, begins_so);
    const bool is_clear = std::ranges::count_if(runtime_words, begins_so) == 1;
    return is_clear ? &*first : nullptr;
}

}  // namespace

std::optional<Error> set_time(std::chrono::seconds& target, std::string_view text) {
    constexpr std::array units{1L, 60L, 3'600L, 86'400L};  // the last part is seconds
    constexpr long part_max = 100'000'000;                 // three years
    const std::vector<std::string_view> parts = parts_of(text, ':');
    const Error wrong{OptionErrc::not_a_time, std::string{text}};
    if (parts.empty() || parts.size() > units.size()) return wrong;
    long sum = 0;
    for (std::size_t i = 0; i < parts.size(); ++i) {
        const auto number = number_in<long>(parts[i]);
        if (!number || *number > part_max || (*number < 0 && parts.size() > 1)) return wrong;
        sum += std::max(*number, 0L) * units[parts.size() - 1 - i];
    }
    target = std::chrono::seconds{sum};
    return std::nullopt;
}

std::optional<Error> set_time_with_unit(std::chrono::seconds& target, std::string_view text) {
    struct Unit {
        char letter;
        std::string_view below;  // what makes a time of the number before it
    };
    constexpr std::array units{Unit{'s', ""}, Unit{'m', ":0"}, Unit{'h', ":0:0"},
                               Unit{'d', ":0:0:0"}};
    const Error wrong{OptionErrc::not_a_time_with_unit, std::string{text}};
    std::string time{text};
    const auto unit = std::ranges::find(units, text.empty() ? '\0' : text.back(), &Unit::letter);
    if (unit != units.end()) {
        time.pop_back();
        if (time.empty() || time.find_first_not_of("0123456789") != time.npos) return wrong;
        time += unit->below;
    }
    return set_time(target, time) ? std::optional{wrong} : std::nullopt;
}

std::optional<int> signal_named(std::string_view text) {
    if (const auto number = number_in<long>(text))
        return *number > 0 && *number < NSIG ? std::optional{static_cast<int>(*number)}
                                             : std::nullopt;
    const bool has_prefix = text.size() > 3 && same_in_any_case(text.substr(0, 3), "SIG");
    const std::string_view name = has_prefix ? text.substr(3) : text;
    for (int number = 1; number < NSIG; ++number) {
        const char* const known = ::sigabbrev_np(number);
        if (known && same_in_any_case(name, known)) return number;
    }
    return std::nullopt;
}

std::optional<Error> set_ttl(std::chrono::milliseconds& target, std::string_view text) {
    constexpr std::chrono::seconds shortest{1}, longest = std::chrono::hours{30 * 24};
    std::chrono::seconds time = std::chrono::hours{24};
    const bool is_time = text.empty() || !set_time_with_unit(time, text);
    if (!is_time || time < shortest || time > longest)
        return Error{OptionErrc::not_a_ttl, std::string{text}};
    target = time;
    return std::nullopt;
}

std::optional<Error> set_signals(ForwardedSignals& signals, std::string_view text) {
    if (text.empty()) return Error{OptionErrc::empty_value, ""};
    for (const std::string_view name : parts_of(text, ',')) {
        if (same_in_any_case(name, "none")) {
            signals = {.has_usual = false};
            continue;
        }
        const std::optional<int> number = signal_named(name);
        if (!number) return Error{OptionErrc::not_a_signal, std::string{name}};
        if (std::ranges::find(not_forwarded, *number) != not_forwarded.end())
            return Error{OptionErrc::signal_not_forwarded, std::string{name}};
        signals.more.push_back(*number);
    }
    return std::nullopt;
}

std::optional<Error> set_runtime_options(Settings& settings, std::string_view text) {
    if (text.empty()) return Error{OptionErrc::empty_value, ""};
    for (const std::string_view part : parts_of(text, ',')) {
        const std::size_t equals = std::min(part.find('='), part.size());
        const RuntimeWord* const word = find_word(part.substr(0, equals));
        if (!word) return Error{OptionErrc::not_a_runtime_option, std::string{part}};
        if (auto error = word->apply(settings, part.substr(std::min(equals + 1, part.size()))))
            return Error{error->code, std::string{part}};
    }
    return std::nullopt;
}

}  // namespace vrun::launcher
