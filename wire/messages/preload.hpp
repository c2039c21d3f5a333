// SPDX-License-Identifier: Apache-2.0
// wire/messages/preload: files of the caller on their way to a job's nodes (docs/preload.md).
// Each node says what its subtree lacks; the data comes down the tree to those who asked. Credits
// bound what is under way: file_window bytes on each hop, granted at the start.
#pragma once

#include "wire/archive.hpp"
#include "wire/frame.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace vrun::wire {

// In one FileData, which then is one frame.
inline constexpr std::size_t file_bytes_max = frame_size_max - 64;
inline constexpr std::uint32_t file_window = 512u << 10;

// In SubmitJob and LaunchJob; the messages below know it by its position there.
struct PreloadFile {
    std::string name;       // "in/a.dat": below the directory; of a program: its last part
    std::string directory;  // --preload-files-dest-dir; empty: where the ranks start
    bool is_program = false;
    std::vector<std::uint32_t> apps;  // whose nodes need it
    std::uint32_t mode = 0;           // its permissions
    std::uint64_t size = 0;
    Bytes digest;  // SHA-256

    bool operator==(const PreloadFile&) const = default;

    template <class Archive>
    void serialize(Archive& archive) {
        archive(name, directory, is_program, apps, mode, size, digest);
    }
};

struct FilesWanted {  // up, merged, once: what this subtree lacks; root to vrun: what to send
    static constexpr auto type = MessageType::files_wanted;
    std::vector<std::uint32_t> files;  // ascending

    template <class Archive>
    void serialize(Archive& archive) {
        archive(files);
    }
};

struct FileData {  // down, in order; a file is complete when all its bytes have come
    static constexpr auto type = MessageType::file_data;
    std::uint32_t file = 0;
    Bytes bytes;

    template <class Archive>
    void serialize(Archive& archive) {
        archive(file, bytes);
    }
};

struct FileCredit {  // up: so many more bytes may come
    static constexpr auto type = MessageType::file_credit;
    std::uint32_t bytes = 0;

    template <class Archive>
    void serialize(Archive& archive) {
        archive(bytes);
    }
};

}  // namespace vrun::wire
