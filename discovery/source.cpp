// SPDX-License-Identifier: Apache-2.0
#include "discovery/source.hpp"

#include "discovery/errors.hpp"
#include "wire/base/escape.hpp"
#include "wire/base/words.hpp"

#include <algorithm>
#include <array>
#include <optional>

namespace vrun::discovery {
namespace {

constexpr std::size_t shown_size_max = 200;

std::string shown(std::string_view word) {
    return "discovery source '" + escaped(word.substr(0, shown_size_max)) + "'";
}

std::optional<std::uint16_t> parse_port(std::string_view digits) {
    const auto port = number_in<std::uint16_t>(digits);
    return port == 0 ? std::nullopt : port;
}

bool is_ipv4(std::string_view name) {
    return name.find_first_not_of("0123456789.") == std::string_view::npos;
}

Result<Source> parse_dns(Source source, std::string_view rest) {
    const std::size_t colon = std::min(rest.find(':'), rest.size());
    source.name = rest.substr(0, colon);
    const bool has_port = colon < rest.size();
    const bool ipv6 = std::ranges::count(rest, ':') > 1;
    if (ipv6 || (is_host_name(source.name) && is_ipv4(source.name)))
        return Error{Errc::address_in_dns, shown(source.text)};
    if (!is_host_name(source.name)) return Error{Errc::bad_host_name, shown(source.text)};
    if (!has_port) return source;
    const auto port = parse_port(rest.substr(colon + 1));
    if (!port) return Error{Errc::bad_port, shown(source.text)};
    source.port = *port;
    return source;
}

Result<Source> parse_hosts(Source source, std::string_view rest) {
    auto hosts = host_words(rest);
    if (!hosts) return Error{hosts.error().code, shown(source.text) + ": " + hosts.error().doing};
    source.hosts = std::move(*hosts);
    return source;
}

Result<Source> parse_file(Source source, std::string_view rest) {
    if (rest.empty() || rest.find('\0') != std::string_view::npos)
        return Error{std::make_error_code(std::errc::no_such_file_or_directory),
                     shown(source.text)};
    source.name = rest;
    return source;
}

// The port is in the record.
Result<Source> parse_srv(Source source, std::string_view rest) {
    source.name = rest;
    if (!is_host_name(source.name) || is_ipv4(source.name))
        return Error{Errc::bad_host_name, shown(source.text)};
    return source;
}

Result<Source> parse_slurm(Source source, std::string_view rest) {
    if (!rest.empty()) return Error{Errc::slurm_with_name, shown(source.text)};
    return source;
}

struct KindOfSource {
    std::string_view prefix;
    Source::Kind kind;
    Result<Source> (*parse)(Source source, std::string_view rest);
};

constexpr std::array kinds{
    KindOfSource{"dns:", Source::Kind::dns, parse_dns},
    KindOfSource{"hosts:", Source::Kind::hosts, parse_hosts},
    KindOfSource{"file:", Source::Kind::file, parse_file},
    KindOfSource{"srv:", Source::Kind::srv, parse_srv},
    KindOfSource{"slurm:", Source::Kind::slurm, parse_slurm},
};

const KindOfSource* kind_of(std::string_view word) {
    const auto* found =
        std::ranges::find_if(kinds, [word](auto& kind) { return word.starts_with(kind.prefix); });
    return found == kinds.end() ? nullptr : found;
}

}  // namespace

Result<Source> parse_source(std::string_view word) {
    const KindOfSource* kind = kind_of(word);
    if (!kind) return Error{Errc::unknown_source, shown(word)};
    return kind->parse({kind->kind, std::string{word}, {}, {}}, word.substr(kind->prefix.size()));
}

Result<std::vector<Source>> parse_sources(std::string_view words) {
    std::vector<Source> sources;
    while (!words.empty()) {
        std::size_t end = words.find(',');
        while (end != std::string_view::npos && !kind_of(words.substr(end + 1)))
            end = words.find(',', end + 1);
        Result<Source> source = parse_source(words.substr(0, end));
        if (!source) return source.error();
        sources.push_back(std::move(*source));
        words.remove_prefix(end == std::string_view::npos ? words.size() : end + 1);
    }
    return sources;
}

}  // namespace vrun::discovery
