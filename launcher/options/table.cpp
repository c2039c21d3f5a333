// SPDX-License-Identifier: Apache-2.0
#include "launcher/options/table.hpp"

#include "launcher/options/sections.hpp"
#include "launcher/options/values.hpp"

#include <algorithm>
#include <array>
#include <numeric>
#include <utility>

namespace vrun::launcher {
namespace {

bool same(std::string_view a, std::string_view b) {
    return a == b;
}

using Comparison = bool (*)(std::string_view, std::string_view);

const Option* find_among(Dialects dialects, std::string_view name, Comparison is_same) {
    for (const Section& section : sections()) {
        for (const Option& option : section.options) {
            if ((option.dialects & dialects) == 0) continue;
            for (const std::string_view known : names_of(option))
                if (is_same(known, name)) return &option;
        }
    }
    return nullptr;
}

std::vector<const Option*> all_options() {
    std::vector<const Option*> all;
    for (const Section& section : sections())
        for (const Option& option : section.options)
            all.push_back(&option);
    return all;
}

class RefusalCategory final : public std::error_category {  // a value is 1 + a row's index
public:
    const char* name() const noexcept override { return "refused option"; }
    std::string message(int value) const override {
        return std::string{all_options().at(static_cast<std::size_t>(value - 1))->help};
    }
};

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

std::span<const Section> sections() {
    static const std::array all{process_section(),     host_section(),   placement_section(),
                                environment_section(), output_section(), life_section(),
                                daemon_section(),      other_section()};
    return all;
}

std::vector<std::string_view> names_of(const Option& option) {
    return parts_of(option.names, ' ');
}

bool takes_next_word(const Option& option) {
    return !option.value.empty() && !option.value.starts_with("[=");
}

std::string shown_value(const Option& option) {
    return (takes_next_word(option) ? " " : "") + std::string{option.value};
}

std::size_t value_words(const Option& option) {
    if (option.value.empty()) return 0;
    return option.value.find(' ') == option.value.npos ? 1 : 2;
}

std::error_code refusal_code(const Option& option) {
    static const RefusalCategory category;
    const auto all = all_options();
    return {static_cast<int>(std::ranges::find(all, &option) - all.begin()) + 1, category};
}

const Option* find_option(std::string_view name, Dialects personality) {
    if (const Option* own = find_among(personality, name, same)) return own;
    const bool is_hydra = (personality & hydra) != 0;
    if (is_hydra)
        if (const Option* own = find_among(hydra, name, same_in_any_case)) return own;
    if (const Option* foreign = find_among(every_dialect, name, same)) return foreign;
    return is_hydra ? nullptr : find_among(hydra, name, same_in_any_case);
}

std::string_view nearest_option(std::string_view name) {
    std::string_view nearest;
    std::size_t fewest = std::max<std::size_t>(1, name.size() / 2);  // more is another word
    for (const Section& section : sections()) {
        for (const Option& option : section.options) {
            for (const std::string_view known : names_of(option)) {
                const std::size_t changes = changes_between(name, known);
                if (changes > fewest || (changes == fewest && !nearest.empty())) continue;
                fewest = changes;
                nearest = known;
            }
        }
    }
    return nearest;
}

std::string dashed(std::string_view name) {
    return (name.size() == 1 ? "-" : "--") + std::string{name};
}

}  // namespace vrun::launcher
