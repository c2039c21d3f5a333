// SPDX-License-Identifier: Apache-2.0
#include "discovery/slurm.hpp"

#include "discovery/errors.hpp"
#include "wire/base/escape.hpp"
#include "wire/base/words.hpp"

#include <algorithm>
#include <limits>

namespace vrun::discovery {
namespace {

// Of all hosts: names written in full always fit, whatever a short word in brackets claims.
constexpr std::size_t memory_min = 16u << 20;
constexpr std::size_t memory_per_byte = 64;
constexpr std::size_t shown_size_max = 80;
constexpr std::size_t number_size_max = 18;  // digits that surely fit std::uint64_t

Error error_of(Errc code, std::string_view word) {
    const std::string shown = escaped(word.substr(0, shown_size_max));
    return {code, "'" + shown + (word.size() > shown_size_max ? "…'" : "'")};
}

std::string_view trimmed(std::string_view word) {
    constexpr std::string_view blanks = " \t\r\n";
    word.remove_prefix(std::min(word.find_first_not_of(blanks), word.size()));
    return word.substr(0, word.find_last_not_of(blanks) + 1);
}

// "1-3" or "07": as many digits as the first number is written with, at least.
struct Range {
    std::uint64_t first = 0, last = 0;
    std::size_t width = 0;

    std::uint64_t count() const { return last - first + 1; }
};

std::optional<Range> range_of(std::string_view word) {
    const std::size_t dash = std::min(word.find('-'), word.size());
    const std::string_view low = word.substr(0, dash);
    const std::string_view high = dash < word.size() ? word.substr(dash + 1) : low;
    if (std::max(low.size(), high.size()) > number_size_max) return std::nullopt;
    const auto first = number_in<std::uint64_t>(low), last = number_in<std::uint64_t>(high);
    if (!first || !last || *last < *first) return std::nullopt;
    return Range{*first, *last, low.size()};
}

// Literal text, then what stands in the brackets behind it; the last one may have none. It knows
// which of its texts is next: a long list is gone through once.
struct Part {
    std::string_view literal;
    std::vector<Range> ranges;
    std::size_t range = 0;
    std::uint64_t offset = 0;

    // Never 0; more than 64 bits hold is as many as they hold.
    std::uint64_t count() const {
        constexpr std::uint64_t most = std::numeric_limits<std::uint64_t>::max();
        std::uint64_t sum = 0;
        for (const Range& one : ranges)
            sum += std::min(one.count(), most - sum);
        return ranges.empty() ? 1 : sum;
    }
    void append_to(std::string& name) const {
        name += literal;
        if (ranges.empty()) return;
        const std::string digits = std::to_string(ranges[range].first + offset);
        if (digits.size() < ranges[range].width)
            name.append(ranges[range].width - digits.size(), '0');
        name += digits;
    }
    // False: all were there, the first is next again.
    bool advance() {
        if (ranges.empty()) return false;
        if (++offset < ranges[range].count()) return true;
        offset = 0;
        if (++range < ranges.size()) return true;
        range = 0;
        return false;
    }
};

std::optional<std::vector<Part>> parts_of(std::string_view word) {
    std::vector<Part> parts;
    while (!word.empty()) {
        const std::size_t open = std::min(word.find('['), word.size());
        Part part{word.substr(0, open), {}};
        word.remove_prefix(open);
        if (!word.empty()) {
            const std::size_t close = word.find(']');
            if (close == word.npos) return std::nullopt;
            std::string_view inside = word.substr(1, close - 1);
            word.remove_prefix(close + 1);
            for (bool more = true; more;) {
                const std::size_t comma = std::min(inside.find(','), inside.size());
                const auto range = range_of(inside.substr(0, comma));
                if (!range) return std::nullopt;
                part.ranges.push_back(*range);
                more = comma < inside.size();
                inside.remove_prefix(std::min(comma + 1, inside.size()));
            }
        }
        parts.push_back(std::move(part));
    }
    return parts;
}

// Of several brackets the last counts fastest, then the first, the second and so on: so does
// scontrol. False: all names were there.
bool advance(std::vector<Part>& parts, std::size_t fastest) {
    if (parts[fastest].advance()) return true;
    for (std::size_t i = 0; i < parts.size(); ++i)
        if (i != fastest && parts[i].advance()) return true;
    return false;
}

// Appends the names of one word; `budget` is the memory that is left for them.
std::optional<Error> expand(std::string_view word, std::vector<std::string>& names,
                            std::size_t& budget) {
    auto parts = parts_of(word);
    if (!parts) return error_of(Errc::bad_slurm_list, word);
    std::size_t fastest = 0;
    std::uint64_t count = 1;
    for (std::size_t i = 0; i < parts->size(); ++i) {
        if (!(*parts)[i].ranges.empty()) fastest = i;
        const std::uint64_t factor = (*parts)[i].count();
        if (factor > budget / sizeof(HostEntry) / count)
            return error_of(Errc::too_many_hosts, word);
        count *= factor;
    }
    do {
        std::string name;
        for (const Part& part : *parts)
            part.append_to(name);
        if (!is_host_name(name)) return error_of(Errc::bad_host_name, name);
        const std::size_t cost = name.size() + sizeof(HostEntry);
        if (cost > budget) return error_of(Errc::too_many_hosts, word);
        budget -= cost;
        names.push_back(std::move(name));
    } while (advance(*parts, fastest));
    return std::nullopt;
}

// The list's next word: a comma in brackets ends none.
std::string_view take_listed(std::string_view& list) {
    std::size_t end = 0;
    for (bool inside = false; end < list.size() && (inside || list[end] != ','); ++end) {
        if (list[end] == '[') inside = true;
        if (list[end] == ']') inside = false;
    }
    const std::string_view word = list.substr(0, end);
    list.remove_prefix(std::min(end + 1, list.size()));
    return trimmed(word);
}

struct Counts {
    std::vector<std::uint32_t> of_node;
    std::uint32_t factor = 1;
};

Result<Counts> slots_of(const Variable& variable, std::size_t nodes) {
    const bool in_step = variable("SLURM_STEP_ID").has_value();
    const char* name = "SLURM_TASKS_PER_NODE";
    auto text = in_step ? std::nullopt : variable(name);
    Counts counts;
    if (text) {
        const auto cpus = variable("SLURM_CPUS_PER_TASK");
        counts.factor = cpus ? number_in<std::uint32_t>(*cpus).value_or(1) : 1;
    } else {
        name = "SLURM_JOB_CPUS_PER_NODE";
        text = variable(name);
    }
    if (!text) return counts;
    auto read = slurm_counts(*text, nodes);
    if (!read) return Error{read.error().code, name + (": " + read.error().doing)};
    counts.of_node = std::move(*read);
    return counts;
}

}  // namespace

Result<std::vector<std::string>> slurm_hostnames(std::string_view list) {
    std::vector<std::string> names;
    std::size_t budget = memory_min + list.size() * memory_per_byte;
    while (!list.empty()) {
        const std::string_view word = take_listed(list);
        if (word.empty()) continue;
        if (const auto error = expand(word, names, budget)) return *error;
    }
    if (names.empty()) return error_of(Errc::no_hosts, list);
    return names;
}

Result<std::vector<std::uint32_t>> slurm_counts(std::string_view words, std::size_t nodes) {
    const std::string_view whole = words;
    std::vector<std::uint32_t> counts;
    while (!words.empty()) {
        const std::string_view word = take_listed(words);
        const std::size_t open = std::min(word.find("(x"), word.size());
        const auto value = number_in<std::uint32_t>(word.substr(0, open));
        std::optional<std::size_t> times = 1;
        if (open < word.size())
            times = word.ends_with(')')
                        ? number_in<std::size_t>(word.substr(open + 2, word.size() - open - 3))
                        : std::nullopt;
        const bool is_good = value && *value > 0 && times && *times <= nodes - counts.size();
        if (!is_good) return error_of(Errc::bad_slurm_counts, whole);
        counts.insert(counts.end(), *times, *value);
    }
    if (counts.size() != nodes) return error_of(Errc::bad_slurm_counts, whole);
    return counts;
}

Result<std::vector<HostEntry>> slurm_hosts(const Variable& variable) {
    const char* name = "SLURM_JOB_NODELIST";
    auto list = variable(name);
    if (!list) list = variable(name = "SLURM_NODELIST");
    if (!list) return Error{Errc::no_slurm, "SLURM_JOB_NODELIST"};
    auto names = slurm_hostnames(*list);
    if (!names) return Error{names.error().code, name + (": " + names.error().doing)};
    const auto slots = slots_of(variable, names->size());
    if (!slots) return slots.error();
    std::vector<HostEntry> hosts;
    for (std::size_t i = 0; i < names->size(); ++i) {
        HostEntry host;
        host.name = std::move((*names)[i]);
        if (!slots->of_node.empty()) {
            constexpr std::uint64_t most = std::numeric_limits<std::int32_t>::max();
            const std::uint64_t product = std::uint64_t{slots->of_node[i]} * slots->factor;
            host.slots = static_cast<std::uint32_t>(std::clamp<std::uint64_t>(product, 1, most));
        }
        hosts.push_back(std::move(host));
    }
    return hosts;
}

}  // namespace vrun::discovery
