// SPDX-License-Identifier: Apache-2.0
#include "launcher/file_sender.hpp"

#include <fcntl.h>
#include <algorithm>

namespace vrun::launcher {

FileSender::FileSender(std::vector<std::string> sources, Events events)
    : sources_{std::move(sources)}, events_{std::move(events)} {}

void FileSender::want(const std::vector<std::uint32_t>& files) {
    for (const std::uint32_t file : files)
        if (file < files_.size() && file < sources_.size() && files_[file].size > 0)
            wanted_.push_back(file);
    add_credit(wire::file_window);
}

void FileSender::add_credit(std::uint32_t bytes) {
    credit_ += bytes;
    send();
}

void FileSender::stop() {
    wanted_.clear();
    reading_.reset();
}

void FileSender::send() {
    while (credit_ > 0 && !wanted_.empty()) {
        std::optional<Error> error;
        if (!reading_) error = begin();
        if (!error) error = send_piece();
        if (!error) continue;
        stop();
        return events_.on_failed(*error);
    }
}

std::optional<Error> FileSender::begin() {
    const std::uint32_t file = wanted_.front();
    UniqueFd source{::open(sources_[file].c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)};
    if (!source.is_open()) return failed({errno, std::system_category()}, "open it");
    reading_ = Reading{std::move(source), files_[file].size, {}};
    return std::nullopt;
}

std::optional<Error> FileSender::send_piece() {
    Reading& reading = *reading_;
    const std::uint64_t most = std::min<std::uint64_t>(credit_, wire::file_bytes_max);
    wire::FileData data{wanted_.front(), wire::Bytes(std::min(most, reading.left))};
    const ssize_t size = ::read(reading.file.get(), data.bytes.data(), data.bytes.size());
    if (size < 0 && errno == EINTR) return std::nullopt;
    if (size < 0) return failed({errno, std::system_category()}, "read it");
    const auto changed = std::make_error_code(std::errc::bad_message);
    if (size == 0) return failed(changed, "it has become shorter meanwhile");
    data.bytes.resize(static_cast<std::size_t>(size));
    reading.digest.add(data.bytes);
    reading.left -= data.bytes.size();
    const bool is_last = reading.left == 0;
    if (is_last && reading.digest.finish() != files_[data.file].digest)
        return failed(changed, "its content has changed meanwhile");
    credit_ -= data.bytes.size();
    if (is_last) {
        reading_.reset();
        wanted_.pop_front();
    }
    events_.on_data(data);
    return std::nullopt;
}

Error FileSender::failed(std::error_code code, const std::string& doing) const {
    return {code, "preload '" + sources_[wanted_.front()] + "': " + doing};
}

}  // namespace vrun::launcher
