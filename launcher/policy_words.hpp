// SPDX-License-Identifier: Apache-2.0
// launcher/policy_words: the values of --map-by, --rank-by and --bind-to, to a wire::Placement.
// The words of Open MPI 4 and 5 and of Hydra together: none of them means two things. As in
// mpirun, letter case does not matter and a policy may be cut short ("sock"). Pure.
#pragma once

#include "wire/base/result.hpp"
#include "wire/messages/placement.hpp"

#include <optional>
#include <string_view>

namespace vrun::launcher {

enum class PolicyErrc {
    unknown_mapping = 1,
    unknown_ranking,
    unknown_binding,
    unknown_object,
    unknown_modifier,
    needs_value,
    bad_count,
    bad_cpu_list,
    bad_pattern,
    no_device,
};
std::error_code make_error_code(PolicyErrc value) noexcept;

// Each adds what the words say to `placement` and leaves the rest alone. The Error names the word
// that is wrong, without the option before it; `placement` is then of no use.

// "core", "ppr:2:package:PE=2,SPAN", ":OVERSUBSCRIBE", "rankfile:FILE=ranks",
// "PE-LIST=0,2:ORDERED"; Hydra's "socket:2" is "socket". A file is named only: the caller reads it.
std::optional<Error> set_map_by(wire::Placement& placement, std::string_view words);

// "slot", "numa:SPAN", "fill".
std::optional<Error> set_rank_by(wire::Placement& placement, std::string_view words);

// "core", "numa:overload-allowed,if-supported", "none"; Hydra's "core:2", "rr", "user:0,2-3".
std::optional<Error> set_bind_to(wire::Placement& placement, std::string_view words);

// The value of --cpu-set: "0-3,8".
std::optional<Error> set_cpu_set(wire::Placement& placement, std::string_view words);

}  // namespace vrun::launcher

template <>
struct std::is_error_code_enum<vrun::launcher::PolicyErrc> : std::true_type {};
