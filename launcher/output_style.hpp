// SPDX-License-Identifier: Apache-2.0
// launcher/output_style: how the ranks' output looks: marked lines, XML, JSON, colours.
// Pure: bytes of a rank in, bytes for a file or terminal out; the time is handed in. A decorator
// belongs to one file, since it must know whether a line is still open there.
#pragma once

#include "wire/bytes.hpp"
#include "wire/messages/io.hpp"

#include <chrono>
#include <optional>
#include <span>
#include <string>

namespace vrun::launcher {

struct OutputStyle {
    enum class Shape : unsigned char { plain, xml, json };

    Shape shape = Shape::plain;
    // Before each line: %r rank, %h host, %j job, %s stream, %t local time, %g 0, %% a percent
    // sign.
    std::string prefix;
    bool color = false;  // of the prefix, by rank

    bool is_bare() const { return shape == Shape::plain && prefix.empty(); }
};

struct OutputSource {
    wire::Rank rank = 0;
    std::uint32_t ranks = 1;  // of the job
    std::string_view host;
    std::string_view job;
    wire::StreamId stream = wire::StreamId::out;

    bool operator==(const OutputSource&) const = default;
};

using SystemTime = std::chrono::system_clock::time_point;

// Fills in a pattern; %R is the rank with as many digits as the largest has. Unknown ones stay.
std::string expanded(std::string_view pattern, const OutputSource& source, SystemTime now);

// The first specifier that a prefix (or with `is_path`, a file's name) cannot have; empty if none.
std::string_view unknown_specifier(std::string_view pattern, bool is_path);

class OutputDecorator {
public:
    explicit OutputDecorator(OutputStyle style) : style_{std::move(style)} {}

    // Whole lines, or a part of one: a line that another rank interrupts is ended before and goes
    // on marked again. In JSON each part is an object, with "newline": false if no line end
    // follows.
    wire::Bytes decorate(const OutputSource& source, std::span<const std::byte> bytes,
                         SystemTime now);

    std::string opening() const;  // before everything
    std::string closing() const;  // after everything

private:
    void open_line(std::string& text, const OutputSource& source, SystemTime now);
    void put_line(std::string& text, const OutputSource& source, std::string_view line,
                  bool has_end, SystemTime now);

    OutputStyle style_;
    struct OpenLine {
        wire::Rank rank;
        wire::StreamId stream;
    };
    std::optional<OpenLine> open_;  // written without its end
};

}  // namespace vrun::launcher
