// SPDX-License-Identifier: Apache-2.0
#include "daemon/placement/lists.hpp"

#include "daemon/placement/refusal.hpp"
#include "discovery/hostfile.hpp"
#include "wire/base/escape.hpp"
#include "wire/base/words.hpp"

#include <algorithm>
#include <charconv>
#include <limits>
#include <unordered_map>

namespace vrun::daemon {
namespace {

constexpr std::string_view blanks = " \t\r\v\f";

enum class ListErrc { bad_line = 1, given_twice, missing_rank, too_many };

class Category final : public std::error_category {
public:
    const char* name() const noexcept override { return "list of ranks"; }
    std::string message(int value) const override {
        switch (static_cast<ListErrc>(value)) {
        case ListErrc::bad_line:
            return "not of the form 'rank 0=node1 slot=0-1'";
        case ListErrc::given_twice:
            return "this rank has a line already";
        case ListErrc::missing_rank:
            return "no line says where it runs";
        case ListErrc::too_many:
            return "more ranks than such a list may have";
        }
        return "unknown list error";
    }
};

Error error_of(ListErrc code, std::string doing) {
    static const Category category;
    return {{static_cast<int>(code), category}, std::move(doing)};
}

std::string_view trimmed(std::string_view text) {
    const std::size_t begin = text.find_first_not_of(blanks);
    if (begin == text.npos) return {};
    return text.substr(begin, text.find_last_not_of(blanks) - begin + 1);
}

// Calls `read` for each line that says something, until that returns an Error.
template <class Read>
std::optional<Error> each_line(std::string_view text, Read read) {
    std::size_t number = 0;
    while (!text.empty()) {
        ++number;
        const std::size_t end = std::min(text.find('\n'), text.size());
        std::string_view line = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        line = trimmed(line.substr(0, line.find('#')));
        if (line.empty()) continue;
        if (auto error = read(line, number)) return error;
    }
    return std::nullopt;
}

struct RankLine {
    wire::Rank rank = 0;
    ListedRank listed;
};

// "rank 1 = node2 slot = 0-1" with or without the blanks.
std::optional<RankLine> rank_line(std::string_view line) {
    RankLine result;
    const std::size_t equals = line.find('=');
    if (!line.starts_with("rank") || equals == line.npos) return std::nullopt;
    const std::string_view digits = trimmed(line.substr(4, equals - 4));
    const auto rank = number_in<wire::Rank>(digits);
    if (!rank) return std::nullopt;
    result.rank = *rank;
    const std::string_view rest = trimmed(line.substr(equals + 1));
    result.listed.host = rest.substr(0, rest.find_first_of(blanks));
    const std::string_view slot = trimmed(rest.substr(result.listed.host.size()));
    if (result.listed.host.empty()) return std::nullopt;
    if (slot.empty()) return result;
    const std::size_t sign = slot.find('=');
    if (sign == slot.npos) return std::nullopt;
    const std::string_view name = trimmed(slot.substr(0, sign));
    if (name != "slot" && name != "slots") return std::nullopt;
    result.listed.cpus = trimmed(slot.substr(sign + 1));
    if (result.listed.cpus.empty()) return std::nullopt;
    return result;
}

std::optional<std::size_t> relative_index(std::string_view host) {
    if (!host.starts_with("+n") && !host.starts_with("+N")) return std::nullopt;
    return number_in<std::size_t>(host.substr(2));
}

// Candidates by whatever they are called; the first of a name counts.
class Directory {
public:
    Directory(std::span<const Candidate> nodes, std::span<const std::vector<std::string>> names)
        : size_{nodes.size()} {
        for (std::size_t node = 0; node < nodes.size(); ++node) {
            nodes_.try_emplace(nodes[node].name, node);
            for (const std::string& name : names[node])
                nodes_.try_emplace(name, node);
        }
    }

    std::optional<std::size_t> find(const std::string& host) const {
        if (const auto index = relative_index(host)) return *index < size_ ? index : std::nullopt;
        const auto found = nodes_.find(host);
        return found == nodes_.end() ? std::nullopt : std::optional{found->second};
    }

private:
    std::size_t size_;
    std::unordered_map<std::string_view, std::size_t> nodes_;
};

wire::JobRefused refused(int exit_code, std::string sentence) {
    return {exit_code, std::move(sentence)};
}

}  // namespace

Result<std::vector<ListedRank>> parse_rankfile(std::string_view text, std::string_view path) {
    std::vector<std::optional<ListedRank>> ranks;
    const std::string file = "rankfile " + escaped(path);
    const auto read = [&](std::string_view line, std::size_t number) -> std::optional<Error> {
        const std::string where = file + ", line " + std::to_string(number);
        auto parsed = rank_line(line);
        if (!parsed) return error_of(ListErrc::bad_line, where + ": '" + escaped(line) + "'");
        if (parsed->rank >= listed_ranks_max) return error_of(ListErrc::too_many, where);
        if (parsed->rank >= ranks.size()) ranks.resize(parsed->rank + 1);
        if (ranks[parsed->rank]) return error_of(ListErrc::given_twice, where);
        ranks[parsed->rank] = std::move(parsed->listed);
        return std::nullopt;
    };
    if (auto error = each_line(text, read)) return *error;
    std::vector<ListedRank> result;
    for (std::size_t rank = 0; rank < ranks.size(); ++rank) {
        if (!ranks[rank])
            return error_of(ListErrc::missing_rank, file + ", rank " + std::to_string(rank));
        result.push_back(std::move(*ranks[rank]));
    }
    if (result.empty()) return error_of(ListErrc::missing_rank, file + ", rank 0");
    return result;
}

Result<std::vector<ListedRank>> parse_sequence(std::string_view text, std::string_view path) {
    std::vector<ListedRank> result;
    const auto read = [&](std::string_view line, std::size_t number) -> std::optional<Error> {
        if (result.size() >= listed_ranks_max)
            return error_of(ListErrc::too_many,
                            "hostfile " + escaped(path) + ", line " + std::to_string(number));
        ListedRank listed;
        listed.host = line.substr(0, line.find_first_of(blanks));
        const std::string_view rest = trimmed(line.substr(listed.host.size()));
        if (rest.find('=') == rest.npos) listed.cpus = rest;  // slots=4 says nothing here
        if (std::ranges::count(listed.host, ':') == 1)        // "node1:4"; more of them are IPv6
            listed.host.resize(listed.host.find(':'));
        result.push_back(std::move(listed));
        return std::nullopt;
    };
    if (auto error = each_line(text, read)) return *error;
    return result;
}

std::vector<ListedRank> sequence_of_words(std::string_view words) {
    std::vector<ListedRank> result;
    while (!words.empty()) {
        const std::size_t end = std::min(words.find(','), words.size());
        const std::string_view word = trimmed(words.substr(0, end));
        words.remove_prefix(std::min(end + 1, words.size()));
        std::size_t count = 1;
        const bool is_all_host = word.ends_with(']') || discovery::is_host_name(word);
        const std::size_t colon = is_all_host ? word.npos : word.rfind(':');
        if (colon != word.npos)
            std::from_chars(word.data() + colon + 1, word.data() + word.size(), count);
        count = std::min(count, listed_ranks_max - result.size());
        const ListedRank listed{std::string{word.substr(0, colon)}, ""};
        result.insert(result.end(), count, listed);
    }
    return result;
}

std::variant<Placed, wire::JobRefused> place_listed(std::span<const Candidate> nodes,
                                                    std::span<const std::vector<std::string>> names,
                                                    std::span<const ListedRank> list,
                                                    std::span<const Ask> programs,
                                                    const wire::Placement& policy) {
    constexpr auto none = std::numeric_limits<wire::NodeIndex>::max();
    const Directory directory{nodes, names};
    const bool oversubscribes = policy.oversubscribe == wire::Choice::yes;
    const std::vector<bool> all;
    Placed placed;
    Shares taken(nodes.size());
    std::vector<wire::NodeIndex> index_of(nodes.size(), none);
    wire::Rank rank = 0;
    for (std::uint32_t program = 0; program < programs.size(); ++program) {
        const std::uint64_t left = list.size() - rank;
        const std::uint64_t count = programs[program].count > 0 ? programs[program].count : left;
        if (count == 0 || count > left)
            return refused(wire::exit_code::too_few_slots,
                           "the list of ranks has " + std::to_string(list.size()) +
                               ", and more are asked for. Type a smaller -n, or add lines.");
        for (std::uint64_t i = 0; i < count; ++i, ++rank) {
            const auto node = directory.find(list[rank].host);
            if (!node)
                return refused(wire::exit_code::usage, "rank " + std::to_string(rank) + ": host " +
                                                           escaped(list[rank].host) +
                                                           " is not one of this job's");
            if (index_of[*node] == none) {
                index_of[*node] = static_cast<wire::NodeIndex>(placed.nodes.size());
                placed.nodes.push_back(*node);
            }
            const wire::NodeIndex index = index_of[*node];
            auto& runs = placed.runs;
            if (!runs.empty() && runs.back().node == index && runs.back().app == program)
                ++runs.back().count;
            else
                runs.push_back({index, rank, 1, program});
            placed.rank_cpus.push_back(list[rank].cpus);
            if (++taken[*node] <= nodes[*node].slots) continue;
            placed.oversubscribed = true;
            if (oversubscribes) continue;
            --taken[*node];
            const Room room{nodes, taken, all, false};
            return refused(wire::exit_code::too_few_slots,
                           Refusal{room, program, programs.size()}.too_few_slots(list.size()));
        }
    }
    if (std::ranges::all_of(placed.rank_cpus, &std::string::empty)) placed.rank_cpus.clear();
    return placed;
}

}  // namespace vrun::daemon
