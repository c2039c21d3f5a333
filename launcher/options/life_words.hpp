// SPDX-License-Identifier: Apache-2.0
// launcher/options/life_words: the values of the options about a job's life, to Settings.
// Times, lists of signals, and the words of Open MPI 5's --runtime-options. Pure.
// The Error names the word that is wrong, without the option before it.
#pragma once

#include "launcher/options/settings.hpp"
#include "wire/base/result.hpp"

#include <optional>
#include <string_view>

namespace vrun::launcher {

// "90", or "1:02:30" (hours, minutes, seconds; days before them); 0 and less: no limit.
std::optional<Error> set_time(std::chrono::seconds& target, std::string_view text);

// The same, and "90s", "5m", "2h", "1d".
std::optional<Error> set_time_with_unit(std::chrono::seconds& target, std::string_view text);

// "90s", "30m", "12h", "7d"; empty: a day.
std::optional<Error> set_ttl(std::chrono::milliseconds& target, std::string_view text);

// "USR1", "sigusr1", "10".
std::optional<int> signal_named(std::string_view text);

// "WINCH,SIGQUIT,34" besides the usual ones, or "none".
std::optional<Error> set_signals(ForwardedSignals& signals, std::string_view text);

// "recoverable,timeout=60": words may be cut short while they are clear, letter case is free.
std::optional<Error> set_runtime_options(Settings& settings, std::string_view text);

}  // namespace vrun::launcher
