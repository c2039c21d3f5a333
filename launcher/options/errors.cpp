// SPDX-License-Identifier: Apache-2.0
#include "launcher/options/errors.hpp"

#include <string>

namespace vrun::launcher {
namespace {

class Category final : public std::error_category {
public:
    const char* name() const noexcept override { return "option"; }
    std::string message(int value) const override { return words_of(OptionErrc{value}); }

private:
    static const char* words_of(OptionErrc value) {
        switch (value) {
        case OptionErrc::unknown:
            return "no such option; 'vrun --help' lists them";
        case OptionErrc::needs_value:
            return "a value must follow";
        case OptionErrc::takes_no_value:
            return "takes no value";
        case OptionErrc::empty_value:
            return "the value is empty";
        case OptionErrc::not_a_count:
            return "not a positive number";
        case OptionErrc::count_too_large:
            return "larger than MPI can count (2147483647)";
        case OptionErrc::not_a_variable:
            return "not NAME or NAME=VALUE";
        case OptionErrc::not_a_separator:
            return "say what goes between, as in --prepend-env PATH[:] DIR";
        case OptionErrc::not_a_personality:
            return "not a launcher; use 'ompi', 'ompi5' or 'hydra'";
        case OptionErrc::not_a_display:
            return "nothing of that name can be shown; use map, allocation, bindings, topo or env";
        case OptionErrc::not_an_output:
            return "not known, or short for several; 'vrun --help' lists the words of --output";
        case OptionErrc::not_a_specifier:
            return "not known here; there are %r (rank), %h (host), %s (stream), %j (job), %% "
                   "and before lines %t (time)";
        case OptionErrc::not_a_reader:
            return "neither a rank nor 'all' nor 'none'";
        case OptionErrc::not_an_export:
            return "no such set of variables; there is 'torch'";
        case OptionErrc::not_a_time:
            return "not a number of seconds, nor HOURS:MINUTES:SECONDS";
        case OptionErrc::not_a_time_with_unit:
            return "not a time; as in 60 or 60s, 5m, 2h, 1:30:00";
        case OptionErrc::not_a_ttl:
            return "not a time from 1s to 30d; as in 90s, 30m, 12h, 7d";
        case OptionErrc::not_a_signal:
            return "no such signal; as in USR1,SIGWINCH,34";
        case OptionErrc::signal_not_forwarded:
            return "cannot be passed on: vrun acts on it itself, or nobody can catch it";
        case OptionErrc::not_a_runtime_option:
            return "not known, or short for several; 'vrun --help runtime-options' lists them";
        case OptionErrc::not_done_here:
            return "vrun starts no process again, by no other program, and waits for no debugger";
        case OptionErrc::no_program:
            return "name what to run, as in 'vrun -n 4 ./program'";
        case OptionErrc::no_program_here:
            return "each ':' separates two programs, one is missing";
        case OptionErrc::no_program_in_file:
            return "the file names no program";
        case OptionErrc::program_beside_file:
            return "a file names the programs; write this into it";
        case OptionErrc::second_program_file:
            return "there can be one file of programs, and none in it";
        }
        return "unknown option error";
    }
};

}  // namespace

std::error_code make_error_code(OptionErrc value) noexcept {
    static const Category category;
    return {static_cast<int>(value), category};
}

}  // namespace vrun::launcher
