// SPDX-License-Identifier: Apache-2.0
// launcher/output_files: the ranks' output in files, one or two for each rank.
// Names come from patterns (launcher/output_style), directories are made. Files are opened as
// output comes and at most `open_max` stay open, whatever the number of ranks; a file that another
// rank's name is equal to is shared. What is there already is overwritten at the first output.
#pragma once

#include "launcher/output_style.hpp"
#include "wire/base/fd.hpp"
#include "wire/base/result.hpp"

#include <list>
#include <unordered_map>

namespace vrun::launcher {

struct OutputFilePatterns {  // empty: no files for this stream
    std::string out;
    std::string err;
};

class OutputFiles {
public:
    explicit OutputFiles(OutputFilePatterns patterns, OutputStyle style, std::size_t open_max = 128)
        : patterns_{std::move(patterns)}, style_{std::move(style)}, open_max_{open_max} {
        style_.color = false;
    }

    bool has(wire::StreamId stream) const { return !pattern_of(stream).empty(); }

    // At once. Does nothing without a pattern for the source's stream.
    std::optional<Error> write(const OutputSource& source, std::span<const std::byte> bytes,
                               SystemTime now);
    // Writes what a format wants at the end, and closes all.
    std::optional<Error> finish();

private:
    struct File {
        std::string path;
        OutputDecorator decorator;
        UniqueFd fd = {};
        std::list<File*>::iterator use = {};  // in recent_, while open
    };

    const std::string& pattern_of(wire::StreamId stream) const {
        return stream == wire::StreamId::err ? patterns_.err : patterns_.out;
    }
    File& file_of(const OutputSource& source, SystemTime now);
    std::optional<Error> open(File& file, bool is_new);
    std::optional<Error> put(File& file, std::span<const std::byte> bytes);

    OutputFilePatterns patterns_;
    OutputStyle style_;
    std::size_t open_max_;
    std::unordered_map<std::string, File> files_;            // by path
    std::unordered_map<std::uint64_t, File*> file_of_rank_;  // by rank and stream
    std::list<File*> recent_;                                // open ones, the latest used first
};

}  // namespace vrun::launcher
