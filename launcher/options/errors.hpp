// SPDX-License-Identifier: Apache-2.0
// launcher/options/errors: why an argument cannot be used.
// The words are in errors.cpp, in the order of the enumerators; the Error's `doing` names the
// argument as it was typed.
#pragma once

#include <system_error>

namespace vrun::launcher {

enum class OptionErrc {
    unknown = 1,
    needs_value,
    takes_no_value,
    empty_value,
    not_a_count,
    count_too_large,
    not_a_variable,
    not_a_separator,
    not_a_personality,
    not_a_display,
    not_an_output,
    not_a_specifier,
    not_a_reader,
    not_an_export,
    not_a_time,
    not_a_time_with_unit,
    not_a_ttl,
    not_a_signal,
    signal_not_forwarded,
    not_a_runtime_option,
    not_done_here,
    no_program,
    no_program_here,
    no_program_in_file,
    program_beside_file,
    second_program_file,
};
std::error_code make_error_code(OptionErrc value) noexcept;

}  // namespace vrun::launcher

template <>
struct std::is_error_code_enum<vrun::launcher::OptionErrc> : std::true_type {};
