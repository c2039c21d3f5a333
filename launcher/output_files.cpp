// SPDX-License-Identifier: Apache-2.0
#include "launcher/output_files.hpp"

#include <fcntl.h>
#include <unistd.h>
#include <filesystem>

namespace vrun::launcher {
namespace {

Error error_of(int number, const std::string& path) {
    return {{number, std::system_category()}, "write the output file " + path};
}

}  // namespace

OutputFiles::File& OutputFiles::file_of(const OutputSource& source, SystemTime now) {
    const std::uint64_t key =
        (std::uint64_t{source.rank} << 1) | (source.stream == wire::StreamId::err ? 1 : 0);
    File*& known = file_of_rank_[key];
    if (known) return *known;
    std::string path = expanded(pattern_of(source.stream), source, now);
    const auto [file, is_new] =
        files_.try_emplace(path, File{.path = path, .decorator = OutputDecorator{style_}});
    known = &file->second;
    return *known;
}

std::optional<Error> OutputFiles::open(File& file, bool is_new) {
    if (recent_.size() >= open_max_) {
        recent_.back()->fd = UniqueFd{};
        recent_.pop_back();
    }
    if (is_new) {
        const auto directory = std::filesystem::path{file.path}.parent_path();
        std::error_code failure;
        if (!directory.empty()) std::filesystem::create_directories(directory, failure);
        if (failure) return Error{failure, "make the directory " + directory.string()};
    }
    const int flags = O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY | (is_new ? O_TRUNC : 0);
    file.fd = UniqueFd{::open(file.path.c_str(), flags, 0666)};
    if (!file.fd.is_open()) return error_of(errno, file.path);
    file.use = recent_.insert(recent_.begin(), &file);
    return std::nullopt;
}

std::optional<Error> OutputFiles::put(File& file, std::span<const std::byte> bytes) {
    while (!bytes.empty()) {
        const ssize_t count = ::write(file.fd.get(), bytes.data(), bytes.size());
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return error_of(errno, file.path);
        bytes = bytes.subspan(static_cast<std::size_t>(count));
    }
    return std::nullopt;
}

std::optional<Error> OutputFiles::write(const OutputSource& source,
                                        std::span<const std::byte> bytes, SystemTime now) {
    if (!has(source.stream) || bytes.empty()) return std::nullopt;
    const std::size_t known = files_.size();
    File& file = file_of(source, now);
    const bool is_new = files_.size() != known;
    if (file.fd.is_open())
        recent_.splice(recent_.begin(), recent_, file.use);
    else if (auto error = open(file, is_new))
        return error;
    if (is_new)
        if (auto error = put(file, wire::bytes_of(file.decorator.opening()))) return error;
    if (style_.is_bare()) return put(file, bytes);
    return put(file, file.decorator.decorate(source, bytes, now));
}

std::optional<Error> OutputFiles::finish() {
    for (auto& [path, file] : files_) {
        const std::string last = file.decorator.closing();
        if (last.empty()) continue;
        if (!file.fd.is_open())
            if (auto error = open(file, /*is_new=*/false)) return error;
        if (auto error = put(file, wire::bytes_of(last))) return error;
    }
    files_.clear();
    file_of_rank_.clear();
    recent_.clear();
    return std::nullopt;
}

}  // namespace vrun::launcher
