// SPDX-License-Identifier: Apache-2.0
#include "launcher/output_style.hpp"

#include <array>
#include <cstdio>
#include <ctime>
#include <nlohmann/json.hpp>

namespace vrun::launcher {
namespace {

std::tm local_time(SystemTime now) {
    const std::time_t seconds = std::chrono::system_clock::to_time_t(now);
    std::tm parts{};
    ::localtime_r(&seconds, &parts);
    return parts;
}

std::string formatted(const char* format, const std::tm& parts) {
    std::array<char, 64> text{};
    return {text.data(), std::strftime(text.data(), text.size(), format, &parts)};
}

std::string time_in_words(SystemTime now) {  // as mpirun writes it
    return formatted("%a %b %e %H:%M:%S %Y", local_time(now));
}

std::string time_for_programs(SystemTime now) {
    const std::time_t seconds = std::chrono::system_clock::to_time_t(now);
    std::tm parts{};
    ::gmtime_r(&seconds, &parts);
    const auto millis =
        std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch()).count() %
        1000;
    std::array<char, 8> fraction{};
    std::snprintf(fraction.data(), fraction.size(), ".%03dZ", static_cast<int>(millis));
    return formatted("%Y-%m-%dT%H:%M:%S", parts) + fraction.data();
}

std::string padded_rank(const OutputSource& source) {
    const std::string largest = std::to_string(source.ranks == 0 ? 0 : source.ranks - 1);
    std::string text = std::to_string(source.rank);
    if (text.size() < largest.size()) text.insert(0, largest.size() - text.size(), '0');
    return text;
}

std::string_view name_of_stream(wire::StreamId stream) {
    return stream == wire::StreamId::err ? "stderr" : "stdout";
}

std::optional<std::string> value_of(char specifier, const OutputSource& source, SystemTime now) {
    switch (specifier) {
    case 'r':
        return std::to_string(source.rank);
    case 'R':
        return padded_rank(source);
    case 'h':
        return std::string{source.host};
    case 'j':
        return std::string{source.job};
    case 's':
        return std::string{name_of_stream(source.stream)};
    case 't':
        return time_in_words(now);
    case 'g':
        return "0";
    case '%':
        return "%";
    default:
        return std::nullopt;
    }
}

std::string escaped_for_xml(std::string_view text) {
    std::string result;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (c == '&')
            result += "&amp;";
        else if (c == '<')
            result += "&lt;";
        else if (c == '>')
            result += "&gt;";
        else if (byte < 0x20 || byte > 0x7e)
            result += "&#" + std::string(byte < 100 ? 1 : 0, '0') + (byte < 10 ? "0" : "") +
                      std::to_string(byte) + ';';
        else
            result += c;
    }
    return result;
}

std::string color_of(wire::Rank rank) {
    return "\033[" + std::to_string(31 + rank % 6) + "m";
}

}  // namespace

std::string expanded(std::string_view pattern, const OutputSource& source, SystemTime now) {
    std::string text;
    for (std::size_t i = 0; i < pattern.size(); ++i) {
        const bool is_specifier = pattern[i] == '%' && i + 1 < pattern.size();
        const auto value =
            is_specifier ? value_of(pattern[i + 1], source, now) : std::optional<std::string>{};
        if (value) {
            text += *value;
            ++i;
        } else {
            text += pattern[i];
        }
    }
    return text;
}

std::string_view unknown_specifier(std::string_view pattern, bool is_path) {
    const std::string_view known = is_path ? "rRhjsg%" : "rRhjstg%";
    for (std::size_t i = 0; i < pattern.size(); ++i) {
        if (pattern[i] != '%') continue;
        if (i + 1 == pattern.size() || known.find(pattern[i + 1]) == known.npos)
            return pattern.substr(i, 2);
        ++i;
    }
    return {};
}

void OutputDecorator::open_line(std::string& text, const OutputSource& source, SystemTime now) {
    const bool is_going_on = open_ && open_->rank == source.rank && open_->stream == source.stream;
    if (open_ && !is_going_on) text += '\n';
    if (is_going_on || style_.prefix.empty()) return;
    const std::string prefix = expanded(style_.prefix, source, now);
    text += style_.color ? color_of(source.rank) + prefix + "\033[0m" : prefix;
}

void OutputDecorator::put_line(std::string& text, const OutputSource& source, std::string_view line,
                               bool has_end, SystemTime now) {
    const std::string stream{name_of_stream(source.stream)};
    switch (style_.shape) {
    case OutputStyle::Shape::plain:
        open_line(text, source, now);
        text += line;
        if (has_end) text += '\n';
        open_ = has_end ? std::optional<OpenLine>{} : OpenLine{source.rank, source.stream};
        return;
    case OutputStyle::Shape::xml:
        text += '<' + stream + " rank=\"" + std::to_string(source.rank) + "\">" +
                escaped_for_xml(line) + (has_end ? "&#010;" : "") + "</" + stream + ">\n";
        return;
    case OutputStyle::Shape::json:
        nlohmann::ordered_json object;
        object["rank"] = source.rank;
        object["host"] = source.host;
        object["stream"] = stream;
        object["time"] = time_for_programs(now);
        object["text"] = line;
        if (!has_end) object["newline"] = false;
        text += object.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + '\n';
        return;
    }
}

wire::Bytes OutputDecorator::decorate(const OutputSource& source, std::span<const std::byte> bytes,
                                      SystemTime now) {
    std::string text;
    text.reserve(bytes.size() + 64);
    for (std::string_view left = wire::view_as_text(bytes); !left.empty();) {
        const std::size_t end = left.find('\n');
        const bool has_end = end != left.npos;
        put_line(text, source, left.substr(0, end), has_end, now);
        left.remove_prefix(has_end ? end + 1 : left.size());
    }
    return wire::bytes_of(text);
}

std::string OutputDecorator::opening() const {
    return style_.shape == OutputStyle::Shape::xml ? "<mpirun>\n" : "";
}

std::string OutputDecorator::closing() const {
    return style_.shape == OutputStyle::Shape::xml ? "</mpirun>\n" : "";
}

}  // namespace vrun::launcher
