// SPDX-License-Identifier: Apache-2.0
#include "discovery/hostfile.hpp"

#include "discovery/errors.hpp"
#include "wire/base/escape.hpp"
#include "wire/base/lower.hpp"
#include "wire/base/words.hpp"

#include <arpa/inet.h>
#include <algorithm>
#include <array>
#include <limits>
#include <optional>
#include <unordered_map>

namespace vrun::discovery {
namespace {

constexpr std::string_view blanks = " \t\r\v\f";
constexpr std::size_t name_size_max = 255;
constexpr std::size_t shown_size_max = 80;
constexpr std::uint64_t slots_most = std::numeric_limits<std::int32_t>::max();

Error error_of(Errc code, std::string_view word) {
    const std::string shown = escaped(word.substr(0, shown_size_max));
    return {code, "'" + shown + (word.size() > shown_size_max ? "…'" : "'")};
}

template <class Integer>
std::optional<Integer> positive(std::string_view digits) {
    const auto value = number_in<Integer>(digits);
    return value == Integer{0} ? std::nullopt : value;
}

bool is_name_char(char c) noexcept {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.';
}

// A leading '-' would be an option to programs that get the name as an argument.
bool is_plain_name(std::string_view name) noexcept {
    return !name.empty() && name.size() <= name_size_max && name.front() != '-' &&
           std::ranges::all_of(name, is_name_char);
}

bool is_ipv6(std::string_view text) {
    const std::size_t zone = text.find('%');
    if (zone != std::string_view::npos && !is_plain_name(text.substr(zone + 1))) return false;
    in6_addr ignored{};
    const std::string address{text.substr(0, std::min(zone, name_size_max))};
    return address.find('\0') == std::string::npos &&
           ::inet_pton(AF_INET6, address.c_str(), &ignored) == 1;
}

Result<HostEntry> with_slots(HostEntry host, std::string_view digits, std::string_view word) {
    const auto slots = positive<std::uint32_t>(digits);
    if (!slots) return error_of(Errc::bad_slots, word);
    host.slots = *slots;
    return host;
}

// [user@]name[:slots], [user@]ipv6 or [user@][ipv6][:slots], the last brackets but one literally.
Result<HostEntry> parse_host_word(std::string_view word) {
    HostEntry host;
    std::string_view rest = word;
    if (rest.starts_with('+') || rest.starts_with('^')) return error_of(Errc::relative_node, word);
    if (const std::size_t at = rest.find('@'); at != std::string_view::npos) {
        host.user = rest.substr(0, at);
        rest.remove_prefix(at + 1);
        if (!is_plain_name(host.user)) return error_of(Errc::bad_host_name, word);
    }
    if (rest.starts_with('[')) {
        const std::size_t end = rest.find(']');
        if (end == std::string_view::npos) return error_of(Errc::bad_host_name, word);
        host.name = rest.substr(1, end - 1);
        rest.remove_prefix(end + 1);
        if (!is_ipv6(host.name)) return error_of(Errc::bad_host_name, word);
    } else if (is_ipv6(rest)) {  // as other launchers' hostfiles have it: its colons tell no slots
        host.name = rest;
        return host;
    } else {
        const std::size_t end = std::min(rest.find(':'), rest.size());
        if (std::ranges::count(rest, ':') > 1) return error_of(Errc::ipv6_without_brackets, word);
        host.name = rest.substr(0, end);
        rest.remove_prefix(end);
        if (!is_plain_name(host.name)) return error_of(Errc::bad_host_name, word);
    }
    if (rest.empty()) return host;
    if (rest.front() != ':') return error_of(Errc::bad_host_name, word);
    return with_slots(std::move(host), rest.substr(1), word);
}

// What one line of a hostfile says after the host, word by word; "slots = 4" is three of them.
class Words {
public:
    explicit Words(std::string_view line) : rest_{line} {}
    std::string_view next() {
        rest_.remove_prefix(std::min(rest_.find_first_not_of(blanks), rest_.size()));
        const bool sign = rest_.starts_with('=');
        const std::size_t size =
            sign ? 1 : std::min(rest_.find_first_of(" \t\r\v\f="), rest_.size());
        const std::string_view word = rest_.substr(0, size);
        rest_.remove_prefix(size);
        return word;
    }
    std::string_view next_host() {  // which may hold anything but blanks
        rest_.remove_prefix(std::min(rest_.find_first_not_of(blanks), rest_.size()));
        const std::string_view word = rest_.substr(0, rest_.find_first_of(blanks));
        rest_.remove_prefix(word.size());
        return word;
    }

private:
    std::string_view rest_;
};

template <class Integer>
std::optional<Errc> set_once(Integer& target, std::string_view digits, Errc bad) {
    const auto value = positive<Integer>(digits);
    if (!value) return bad;
    if (target != 0) return Errc::given_twice;
    target = *value;
    return std::nullopt;
}

struct Keyword {
    std::string_view name;
    std::optional<Errc> (*set)(HostEntry& host, std::string_view value);
};

constexpr auto set_slots = [](HostEntry& host, std::string_view value) {
    return set_once(host.slots, value, Errc::bad_slots);
};
constexpr auto set_max_slots = [](HostEntry& host, std::string_view value) {
    return set_once(host.max_slots, value, Errc::bad_slots);
};
constexpr auto set_port = [](HostEntry& host, std::string_view value) {
    return set_once(host.port, value, Errc::bad_port);
};
constexpr auto set_user = [](HostEntry& host, std::string_view value) -> std::optional<Errc> {
    if (!is_plain_name(value)) return Errc::bad_host_name;
    host.user = value;
    return std::nullopt;
};
// Hydra's: vrun finds the network itself.
constexpr auto ignore = [](HostEntry&, std::string_view) -> std::optional<Errc> {
    return std::nullopt;
};

constexpr std::array keywords{
    Keyword{"slots", set_slots},         Keyword{"count", set_slots},
    Keyword{"max_slots", set_max_slots}, Keyword{"max-slots", set_max_slots},
    Keyword{"slots_max", set_max_slots}, Keyword{"slots-max", set_max_slots},
    Keyword{"port", set_port},           Keyword{"user", set_user},
    Keyword{"username", set_user},       Keyword{"user-name", set_user},
    Keyword{"user_name", set_user},      Keyword{"ifname", ignore},
};

Result<HostEntry> parse_line(std::string_view line) {
    Words words{line};
    Result<HostEntry> host = parse_host_word(words.next_host());
    if (!host) return host;
    for (std::string_view word = words.next(); !word.empty(); word = words.next()) {
        const auto* keyword = std::ranges::find(keywords, lower(word), &Keyword::name);
        if (keyword == keywords.end()) return error_of(Errc::unknown_keyword, word);
        if (words.next() != "=") return error_of(Errc::no_value, word);
        const std::string_view value = words.next();
        if (value.empty() || value == "=") return error_of(Errc::no_value, word);
        const std::optional<Errc> bad = keyword->set(*host, value);
        if (bad) return error_of(*bad, std::string{word} + "=" + std::string{value});
    }
    return host;
}

// Adds up the mentions of each host. One name at two ports is two daemons.
class HostList {
public:
    explicit HostList(bool lone_mention_counts) : lone_mention_counts_{lone_mention_counts} {}

    void add(HostEntry mention) {
        const std::string key = lower(mention.name) + ' ' + std::to_string(mention.port);
        const auto [place, is_new] = places_.try_emplace(key, hosts_.size());
        if (is_new) {
            sums_.push_back({mention.slots, mention.slots == 0 ? 1u : 0u});
            hosts_.push_back(std::move(mention));
            return;
        }
        HostEntry& host = hosts_[place->second];
        Sum& sum = sums_[place->second];
        sum.given += mention.slots;
        sum.bare += mention.slots == 0;
        if (mention.max_slots != 0) host.max_slots = mention.max_slots;
        if (!mention.user.empty()) host.user = std::move(mention.user);
    }

    // An Error of the host whose sum is bad, as `where` calls it.
    template <class Where>
    Result<std::vector<HostEntry>> finish(Where where) && {
        for (std::size_t i = 0; i < hosts_.size(); ++i) {
            HostEntry& host = hosts_[i];
            const Sum sum = sums_[i];
            const bool unknown = sum.given == 0 && sum.bare == 1 && !lone_mention_counts_;
            const std::uint64_t slots = unknown ? 0 : sum.given + sum.bare;
            if (slots > slots_most) return where(host, error_of(Errc::too_many_slots, host.name));
            host.slots = static_cast<std::uint32_t>(slots);
            if (host.max_slots != 0 && host.slots > host.max_slots)
                return where(host, error_of(Errc::slots_above_max, host.name));
        }
        return std::move(hosts_);
    }

private:
    struct Sum {
        std::uint64_t given, bare;
    };
    bool lone_mention_counts_;
    std::vector<HostEntry> hosts_;
    std::vector<Sum> sums_;
    std::unordered_map<std::string, std::size_t> places_;
};

std::string_view trimmed(std::string_view text) {
    const std::size_t begin = text.find_first_not_of(blanks);
    if (begin == std::string_view::npos) return {};
    return text.substr(begin, text.find_last_not_of(blanks) - begin + 1);
}

}  // namespace

bool is_host_name(std::string_view name) noexcept {
    return is_plain_name(name) || is_ipv6(name);
}

Result<std::vector<HostEntry>> parse_hostfile(std::string_view text, std::string_view path) {
    const auto at_line = [path](const HostEntry& host, Error error) {
        const std::string where = escaped(path) + ", line " + std::to_string(host.line) + ": ";
        return Error{error.code, "hostfile " + where + error.doing};
    };
    HostList list{/*lone_mention_counts=*/false};
    HostEntry here;  // for its line
    while (!text.empty()) {
        ++here.line;
        const std::size_t end = std::min(text.find('\n'), text.size());
        const std::string_view line = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        const std::string_view words = trimmed(line.substr(0, line.find('#')));
        if (words.empty()) continue;
        Result<HostEntry> host = parse_line(words);
        if (!host) return at_line(here, host.error());
        host->line = here.line;
        list.add(std::move(*host));
    }
    return std::move(list).finish(at_line);
}

Result<std::vector<HostEntry>> host_words(std::string_view words) {
    const auto as_is = [](const HostEntry&, Error error) { return error; };
    HostList list{/*lone_mention_counts=*/true};
    for (bool more = true; more;) {
        const std::size_t end = words.find(',');
        more = end != std::string_view::npos;
        Result<HostEntry> host = parse_host_word(trimmed(words.substr(0, end)));
        if (!host) return host.error();
        words.remove_prefix(more ? end + 1 : words.size());
        list.add(std::move(*host));
    }
    return std::move(list).finish(as_is);
}

}  // namespace vrun::discovery
