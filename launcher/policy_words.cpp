// SPDX-License-Identifier: Apache-2.0
#include "launcher/policy_words.hpp"

#include "wire/base/escape.hpp"
#include "wire/base/lower.hpp"
#include "wire/base/words.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <string>

namespace vrun::launcher {
namespace {

using wire::BindTo, wire::Choice, wire::MapBy, wire::Object, wire::Placement, wire::RankBy;

Error error_of(PolicyErrc code, std::string_view word) {
    return {code, "'" + escaped(word) + "'"};
}

std::optional<std::uint32_t> count_in(std::string_view text) {
    const auto value = number_in<std::uint32_t>(text);
    return value == 0u ? std::nullopt : value;
}

bool is_number(std::string_view text) {
    return !text.empty() && text.size() < 6 &&
           std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

// "0,2,4-7"; Hydra also writes "0+1,2x4": cores of one rank, and one binding many times.
bool is_cpu_list(std::string_view text, std::string_view more = "") {
    const auto is_part_end = [&](char c) {
        return c == ',' || c == '-' || more.find(c) != more.npos;
    };
    for (bool last = false; !last;) {
        const auto end = std::ranges::find_if(text, is_part_end);
        last = end == text.end();
        const auto size = static_cast<std::size_t>(end - text.begin());
        if (!is_number(text.substr(0, size))) return false;
        text.remove_prefix(last ? text.size() : size + 1);
    }
    return true;
}

template <class Value>
struct Word {
    std::string_view name;
    Value value;
};
template <class Value>
Word(const char*, Value) -> Word<Value>;  // clang 16 makes none for an aggregate

// In the order in which mpirun tries them: "n" is node, "s" is slot.
constexpr std::array objects{
    Word{"node", Object::node},        Word{"core", Object::core},
    Word{"l1cache", Object::l1cache},  Word{"l2cache", Object::l2cache},
    Word{"l3cache", Object::l3cache},  Word{"socket", Object::package},
    Word{"package", Object::package},  Word{"numa", Object::numa},
    Word{"board", Object::node},       Word{"hwthread", Object::hwthread},
    Word{"machine", Object::node},     Word{"numanode", Object::numa},
    Word{"l1dcache", Object::l1cache}, Word{"l1ucache", Object::l1cache},
    Word{"l2ucache", Object::l2cache}, Word{"l3ucache", Object::l3cache},
    Word{"thread", Object::hwthread},
};

template <class Words>
auto find_word(const Words& words, std::string_view text) {
    const std::string name = lower(text);
    return std::ranges::find_if(
        words, [&](const auto& word) { return !name.empty() && word.name.starts_with(name); });
}

std::optional<Object> object_in(std::string_view text) {
    const auto* found = find_word(objects, text);
    return found == objects.end() ? std::nullopt : std::optional{found->value};
}

// One modifier of --map-by: `value` is what follows the `=`.
struct MapModifier {
    std::string_view name;
    bool takes_value;
    std::optional<PolicyErrc> (*apply)(Placement& placement, std::string_view value);
};

using Done = std::optional<PolicyErrc>;

// clang-format off
constexpr std::array map_modifiers{
    MapModifier{"pe", true, [](Placement& p, std::string_view value) -> Done {
        const auto count = count_in(value);
        p.cpus_per_rank = count.value_or(0);
        return count ? Done{} : Done{PolicyErrc::bad_count};
    }},
    MapModifier{"pe-list", true, [](Placement& p, std::string_view value) -> Done {
        p.map.by = MapBy::cpu_list;
        p.map.cpu_list = value;
        return is_cpu_list(value) ? Done{} : Done{PolicyErrc::bad_cpu_list};
    }},
    MapModifier{"file", true, [](Placement& p, std::string_view value) -> Done {
        p.list.path = value;
        return value.empty() ? Done{PolicyErrc::needs_value} : Done{};
    }},
    MapModifier{"span", false, [](Placement& p, std::string_view) -> Done {
        p.map.span = true;
        return {};
    }},
    MapModifier{"oversubscribe", false, [](Placement& p, std::string_view) -> Done {
        p.oversubscribe = Choice::yes;
        return {};
    }},
    MapModifier{"nooversubscribe", false, [](Placement& p, std::string_view) -> Done {
        p.oversubscribe = Choice::no;
        return {};
    }},
    MapModifier{"nolocal", false, [](Placement& p, std::string_view) -> Done {
        p.no_local = true;
        return {};
    }},
    MapModifier{"hwtcpus", false, [](Placement& p, std::string_view) -> Done {
        p.hwthreads_are_cpus = Choice::yes;
        return {};
    }},
    MapModifier{"corecpus", false, [](Placement& p, std::string_view) -> Done {
        p.hwthreads_are_cpus = Choice::no;
        return {};
    }},
    MapModifier{"ordered", false, [](Placement& p, std::string_view) -> Done {
        p.map.ordered = true;
        return {};
    }},
    // What a spawned job gets of its parent's policy: nothing is spawned with one here.
    MapModifier{"inherit", false, [](Placement&, std::string_view) -> Done { return {}; }},
    MapModifier{"noinherit", false, [](Placement&, std::string_view) -> Done { return {}; }},
};
// clang-format on

// A list of cores holds commas as modifiers do: what begins with a digit belongs to the word
// before it.
std::string_view take_modifier(std::string_view& rest) {
    const std::string_view all = rest;
    std::size_t size = take_word(rest, ',').size();
    while (!rest.empty() && rest.front() >= '0' && rest.front() <= '9')
        size += 1 + take_word(rest, ',').size();
    return all.substr(0, size);
}

std::optional<Error> apply_map_modifier(Placement& placement, std::string_view word) {
    const std::size_t equals = word.find('=');
    const std::string name = lower(word.substr(0, equals));
    const auto fits = [&](const MapModifier& modifier) {
        return modifier.takes_value ? modifier.name == name
                                    : !name.empty() && modifier.name.starts_with(name);
    };
    const auto* modifier = std::ranges::find_if(map_modifiers, fits);
    if (modifier == map_modifiers.end() || (!modifier->takes_value && equals != word.npos))
        return error_of(PolicyErrc::unknown_modifier, word);
    if (modifier->takes_value && (equals == word.npos || equals + 1 == word.size()))
        return error_of(PolicyErrc::needs_value, word);
    const std::string_view value = equals == word.npos ? "" : word.substr(equals + 1);
    if (const Done wrong = modifier->apply(placement, value)) return error_of(*wrong, word);
    return std::nullopt;
}

std::optional<Error> apply_map_modifiers(Placement& placement, std::string_view words) {
    while (!words.empty()) {
        std::string_view group = take_word(words, ':');
        while (!group.empty()) {
            const std::string_view word = take_modifier(group);
            if (is_number(word)) continue;                                 // Hydra's "socket:2"
            if (word.size() > 5 && lower(word.substr(0, 5)) == "file=") {  // a path may hold ':'
                placement.list.path = word.substr(5);
                if (!words.empty()) placement.list.path += ":" + std::string{words};
                return std::nullopt;
            }
            if (auto error = apply_map_modifier(placement, word)) return error;
        }
    }
    return std::nullopt;
}

// "2:package:PE=2": `words` is what follows "ppr:".
std::optional<Error> set_per_object(Placement& placement, std::string_view words,
                                    std::string_view all) {
    const auto count = count_in(take_word(words, ':'));
    const std::string_view name = take_word(words, ':');
    if (!count || name.empty()) return error_of(PolicyErrc::bad_pattern, all);
    const auto object = object_in(name);
    if (!object) return error_of(PolicyErrc::unknown_object, name);
    placement.map.by = MapBy::per_object;
    placement.map.count = *count;
    placement.map.object = *object;
    return apply_map_modifiers(placement, words);
}

constexpr std::array map_kinds{
    Word{"slot", MapBy::slot},
    Word{"sequential", MapBy::sequential},
    Word{"rankfile", MapBy::rankfile},
};

constexpr std::array rank_kinds{
    Word{"slot", RankBy::slot},
    Word{"fill", RankBy::fill},
    Word{"span", RankBy::span},
};

}  // namespace

std::optional<Error> set_map_by(Placement& placement, std::string_view words) {
    if (words.empty()) return error_of(PolicyErrc::unknown_mapping, words);
    const std::string_view all = words;
    if (lower(words).starts_with("pe-list=")) return apply_map_modifiers(placement, words);
    const std::string_view policy = take_word(words, ':');
    const std::string name = lower(policy);
    if (policy.empty()) return apply_map_modifiers(placement, words);
    if (name == "ppr") return set_per_object(placement, words, all);
    if (std::string_view{"distance"}.starts_with(name))
        return error_of(PolicyErrc::no_device, policy);
    const auto* kind = find_word(map_kinds, policy);
    const auto object = object_in(policy);
    if (kind != map_kinds.end()) {
        placement.map.by = kind->value;
    } else if (object) {
        placement.map.by = MapBy::object;
        placement.map.object = *object;
    } else {
        return error_of(PolicyErrc::unknown_mapping, policy);
    }
    return apply_map_modifiers(placement, words);
}

std::optional<Error> set_rank_by(Placement& placement, std::string_view words) {
    const std::string_view policy = take_word(words, ':');
    const auto* kind = find_word(rank_kinds, policy);
    const auto object = object_in(policy);
    if (kind != rank_kinds.end())
        placement.rank.by = kind->value;
    else if (object)
        placement.rank.by = RankBy::object;
    else
        return error_of(PolicyErrc::unknown_ranking, policy);
    placement.rank.object = object.value_or(Object::node);
    if (words.empty()) return std::nullopt;
    const std::string modifier = lower(words);
    placement.rank.span = std::string_view{"span"}.starts_with(modifier);
    placement.rank.fill = std::string_view{"fill"}.starts_with(modifier);
    if (placement.rank.span || placement.rank.fill) return std::nullopt;
    return error_of(PolicyErrc::unknown_modifier, words);
}

namespace {

// Open MPI 5's limit=N and report ask for what overload-allowed and --report-bindings do here.
std::optional<Error> apply_bind_modifiers(Placement& placement, std::string_view words) {
    while (!words.empty()) {
        const std::string_view word = take_word(words, ',');
        const std::string name = lower(word);
        const auto begins = [&](std::string_view full) {
            return !name.empty() && full.starts_with(name);
        };
        if (is_number(word)) {
            const auto count = count_in(word);
            if (!count) return error_of(PolicyErrc::bad_count, word);
            placement.bind.count = *count;
        } else if (begins("overload-allowed") || begins("oversubscribe-allowed")) {
            placement.bind.overload_allowed = true;
        } else if (begins("no-overload")) {
            placement.bind.overload_allowed = false;
        } else if (begins("if-supported")) {
            placement.bind.if_supported = true;
        } else if (begins("ordered")) {
            placement.map.ordered = true;
        } else {
            return error_of(PolicyErrc::unknown_modifier, word);
        }
    }
    return std::nullopt;
}

}  // namespace

std::optional<Error> set_bind_to(Placement& placement, std::string_view words) {
    const std::string_view policy = take_word(words, ':');
    const std::string name = lower(policy);
    wire::Binding& bind = placement.bind;
    if (name == "user") {
        if (!is_cpu_list(words, "+x")) return error_of(PolicyErrc::bad_cpu_list, words);
        bind.to = BindTo::each_own;
        bind.cpu_list = words;
        return std::nullopt;
    }
    const auto object = object_in(name == "rr" ? "hwthread" : policy);
    if (name == "none") {
        bind.to = BindTo::none;
    } else if (name == "cpu-list" || name == "cpulist") {
        bind.to = BindTo::cpu_list;
    } else if (object) {
        bind.to = BindTo::object;
        bind.object = *object;
    } else if (!policy.empty() || words.empty()) {
        return error_of(PolicyErrc::unknown_binding, policy);
    }
    return apply_bind_modifiers(placement, words);
}

std::optional<Error> set_cpu_set(Placement& placement, std::string_view words) {
    if (!is_cpu_list(words)) return error_of(PolicyErrc::bad_cpu_list, words);
    placement.cpu_set = words;
    return std::nullopt;
}

}  // namespace vrun::launcher
