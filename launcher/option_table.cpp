// SPDX-License-Identifier: Apache-2.0
#include "launcher/option_table.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <numeric>
#include <utility>

namespace vrun::launcher {
namespace {

constexpr std::uint32_t count_max = std::numeric_limits<std::int32_t>::max();  // MPI counts in int

std::error_code set_count(std::uint32_t& target, std::string_view text) {
    const char* const end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, target);
    if (error == std::errc::result_out_of_range) return OptionErrc::count_too_large;
    if (error != std::errc{} || stop != end || target == 0) return OptionErrc::not_a_count;
    return target > count_max ? OptionErrc::count_too_large : std::error_code{};
}

std::error_code add_text(std::vector<std::string>& target, std::string_view text) {
    if (text.empty()) return OptionErrc::empty_value;
    target.emplace_back(text);
    return {};
}

std::error_code add_export(std::vector<std::string>& target, std::string_view text) {
    if (text.empty() || text.front() == '=') return OptionErrc::not_a_variable;
    target.emplace_back(text);
    return {};
}

std::error_code set_map_by(wire::MapBy& target, std::string_view text) {
    if (text.find(':') != text.npos) return OptionErrc::has_modifier;
    if (text != "slot" && text != "node") return OptionErrc::not_a_policy;
    target = text == "slot" ? wire::MapBy::slot : wire::MapBy::node;
    return {};
}

std::error_code set_text(std::string& target, std::string_view text) {
    if (text.empty()) return OptionErrc::empty_value;
    target = text;
    return {};
}

std::error_code set(bool& target) {
    target = true;
    return {};
}

// clang-format off
constexpr std::array table{
    Option{"n np c", "COUNT", Group::processes, Scope::app,
           "start COUNT processes (default: one per slot)",
           [](Settings& s, std::string_view v) { return set_count(s.apps.back().count, v); }},
    Option{"N npernode", "COUNT", Group::processes, Scope::job,
           "start exactly COUNT processes on each node",
           [](Settings& s, std::string_view v) { return set_count(s.placement.per_node, v); }},

    Option{"host H", "LIST", Group::hosts, Scope::job,
           "run on these hosts: a,b:4 (repeatable; :4 means 4 slots)",
           [](Settings& s, std::string_view v) { return add_text(s.host_words, v); }},
    Option{"hostfile machinefile", "FILE", Group::hosts, Scope::job,
           "run on the hosts of FILE, 'name slots=4' a line (repeatable)",
           [](Settings& s, std::string_view v) { return add_text(s.host_files, v); }},

    Option{"map-by", "POLICY", Group::placement, Scope::job,
           "slot: fill node after node (default); node: in turn",
           [](Settings& s, std::string_view v) { return set_map_by(s.placement.map_by, v); }},
    Option{"oversubscribe", "", Group::placement, Scope::job,
           "allow more processes on a node than it has slots",
           [](Settings& s, std::string_view) { return set(s.placement.oversubscribe); }},

    Option{"wdir wd", "DIR", Group::environment, Scope::app,
           "start the processes in DIR (default: the current directory)",
           [](Settings& s, std::string_view v) { return set_text(s.apps.back().workdir, v); }},
    Option{"x", "NAME[=VALUE]", Group::environment, Scope::app,
           "set a variable for the processes, or pass it on (repeatable)",
           [](Settings& s, std::string_view v) { return add_export(s.apps.back().exports, v); }},

    Option{"socket", "PATH", Group::other, Scope::job,
           "ask the daemon at this socket (default: $VRUN_SOCKET)",
           [](Settings& s, std::string_view v) { return set_text(s.socket.emplace(), v); }},
    Option{"verbose v", "", Group::other, Scope::job,
           "say where the processes run and over which network",
           [](Settings& s, std::string_view) { return set(s.verbose); }},
    Option{"version V", "", Group::other, Scope::job,
           "print the version and exit",
           [](Settings& s, std::string_view) { return set(s.version); }},
    Option{"help h", "", Group::other, Scope::job,
           "print this text and exit",
           [](Settings& s, std::string_view) { return set(s.help); }},
};
// clang-format on
static_assert(std::ranges::none_of(table, [](const Option& o) { return o.help.empty(); }));
static_assert(std::ranges::is_sorted(table, {}, &Option::group),
              "--help shows one group at a time");

// Levenshtein, one row at a time.
std::size_t changes_between(std::string_view a, std::string_view b) {
    std::vector<std::size_t> row(b.size() + 1);
    std::iota(row.begin(), row.end(), std::size_t{0});
    for (std::size_t i = 0; i < a.size(); ++i) {
        std::size_t diagonal = std::exchange(row[0], i + 1);
        for (std::size_t j = 0; j < b.size(); ++j) {
            const std::size_t replaced = diagonal + (a[i] == b[j] ? 0 : 1);
            diagonal = row[j + 1];
            row[j + 1] = std::min({replaced, row[j] + 1, diagonal + 1});
        }
    }
    return row.back();
}

}  // namespace

std::span<const Option> options() noexcept {
    return table;
}

std::string_view title_of(Group group) noexcept {
    constexpr std::array<std::string_view, 5> titles{"How many processes", "Which hosts", "Where",
                                                     "What the processes see", "Other"};
    return titles[static_cast<std::size_t>(group)];
}

std::vector<std::string_view> names_of(const Option& option) {
    std::vector<std::string_view> names;
    for (std::string_view left = option.names; !left.empty();) {
        names.push_back(left.substr(0, left.find(' ')));
        left.remove_prefix(std::min(left.size(), names.back().size() + 1));
    }
    return names;
}

const Option* find_option(std::string_view name) {
    const auto is_named = [name](const Option& option) {
        const auto names = names_of(option);
        return std::ranges::find(names, name) != names.end();
    };
    const auto found = std::ranges::find_if(table, is_named);
    return found == table.end() ? nullptr : &*found;
}

std::string_view nearest_option(std::string_view name) {
    std::string_view nearest;
    std::size_t fewest = std::max<std::size_t>(1, name.size() / 2);  // more is another word
    for (const Option& option : table) {
        for (const std::string_view known : names_of(option)) {
            const std::size_t changes = changes_between(name, known);
            if (changes > fewest || (changes == fewest && !nearest.empty())) continue;
            fewest = changes;
            nearest = known;
        }
    }
    return nearest;
}

std::string dashed(std::string_view name) {
    return (name.size() == 1 ? "-" : "--") + std::string{name};
}

}  // namespace vrun::launcher
