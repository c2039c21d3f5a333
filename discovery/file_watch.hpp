// SPDX-License-Identifier: Apache-2.0
// discovery/file_watch: tells when files are written, replaced, made or deleted.
// inotify on each file's directory, or on the nearest one above it that there is. What a network
// file system's other clients do, and targets of links elsewhere, it does not see: read also so.
#pragma once

#include "wire/base/task_group.hpp"

#include <sys/types.h>
#include <asio/posix/stream_descriptor.hpp>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <set>
#include <string>
#include <vector>

namespace vrun::discovery {

// What of a file differs when another one took its place, or it was written. Its directory may be
// a busy one, whose other files are nobody's concern here.
struct FileLook {
    bool is_there = false;
    dev_t device = 0;
    ino_t inode = 0;
    off_t size = 0;
    mode_t mode = 0;
    std::int64_t written_s = 0, written_ns = 0;

    bool operator==(const FileLook&) const = default;
};

// Links followed.
FileLook look_at(const std::string& path);

class FileWatch {
public:
    // Calls on_change on the loop, some changes together, until stop(). Where the kernel has no
    // inotify instance left, it never does.
    FileWatch(asio::any_io_executor loop, const std::vector<std::string>& paths,
              std::function<void()> on_change);

    void start();
    void stop();  // start() may follow
    asio::awaitable<void> join();

private:
    asio::awaitable<void> run();
    void watch_directories();
    void watch_nearest(const std::filesystem::path& directory);

    std::vector<std::string> paths_;
    std::function<void()> on_change_;
    asio::posix::stream_descriptor inotify_;
    asio::steady_timer together_;
    std::vector<FileLook> seen_;
    std::set<int> watched_;  // inotify's numbers of the directories
    TaskGroup tasks_;
};

}  // namespace vrun::discovery
