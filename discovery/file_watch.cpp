// SPDX-License-Identifier: Apache-2.0
#include "discovery/file_watch.hpp"

#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>
#include <array>
#include <chrono>
#include <utility>

namespace vrun::discovery {
namespace {

namespace fs = std::filesystem;

constexpr auto as_values = asio::experimental::as_tuple(asio::use_awaitable);
constexpr std::chrono::milliseconds change_together{20};

// Closed, not modified: while somebody writes, the file is half of what it will be.
constexpr std::uint32_t changes = IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_CREATE |
                                  IN_DELETE | IN_DELETE_SELF | IN_MOVE_SELF | IN_ATTRIB |
                                  IN_ONLYDIR;

std::vector<FileLook> looks_at(const std::vector<std::string>& paths) {
    std::vector<FileLook> looks;
    for (const std::string& path : paths)
        looks.push_back(look_at(path));
    return looks;
}

}  // namespace

FileLook look_at(const std::string& path) {
    struct stat now {};
    if (::stat(path.c_str(), &now) < 0) return {};
    return {true,        now.st_dev,         now.st_ino,         now.st_size,
            now.st_mode, now.st_mtim.tv_sec, now.st_mtim.tv_nsec};
}

FileWatch::FileWatch(asio::any_io_executor loop, const std::vector<std::string>& paths,
                     std::function<void()> on_change)
    : on_change_{std::move(on_change)},
      inotify_{loop},
      together_{loop},
      tasks_{loop, [](std::string_view, std::exception_ptr) {}} {
    std::error_code none;
    for (const std::string& path : paths)
        paths_.push_back(fs::absolute(path, none).lexically_normal());
}

void FileWatch::start() {
    if (paths_.empty() || inotify_.is_open()) return;
    const int fd = ::inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    if (fd < 0) return;
    inotify_.assign(fd);
    watched_.clear();
    watch_directories();
    seen_ = looks_at(paths_);
    tasks_.spawn("files", run());
}

asio::awaitable<void> FileWatch::run() {
    std::array<char, 4096> events;
    for (;;) {
        const auto [error, size] =
            co_await inotify_.async_read_some(asio::buffer(events), as_values);
        if (error) co_return;
        together_.expires_after(change_together);
        co_await together_.async_wait(asio::use_awaitable);
        watch_directories();
        std::vector<FileLook> now = looks_at(paths_);
        if (now == seen_) continue;
        seen_ = std::move(now);
        on_change_();
    }
}

// Anew each time: directories come, go, and are put in each other's place.
void FileWatch::watch_directories() {
    const std::set<int> before = std::exchange(watched_, {});
    for (const std::string& path : paths_)
        watch_nearest(fs::path{path}.parent_path());
    for (const int number : before)
        if (!watched_.contains(number)) ::inotify_rm_watch(inotify_.native_handle(), number);
}

void FileWatch::watch_nearest(const std::filesystem::path& directory) {
    fs::path at = directory, missing;
    for (bool is_again = false;;) {
        const int number = ::inotify_add_watch(inotify_.native_handle(), at.c_str(), changes);
        std::error_code none;
        if (number >= 0) {
            watched_.insert(number);
            if (is_again || missing.empty() || !fs::exists(missing, none)) return;
            is_again = true;  // it appeared before we watched the directory above it
            at = directory;
            continue;
        }
        if (!at.has_relative_path()) return;
        missing = std::exchange(at, at.parent_path());
    }
}

void FileWatch::stop() {
    tasks_.cancel();
    std::error_code ignored;
    inotify_.close(ignored);
}

asio::awaitable<void> FileWatch::join() {
    co_await tasks_.join();
}

}  // namespace vrun::discovery
