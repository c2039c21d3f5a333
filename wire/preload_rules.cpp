// SPDX-License-Identifier: Apache-2.0
#include "wire/preload_rules.hpp"

#include <algorithm>
#include <limits>

namespace vrun::wire {
namespace {

constexpr std::size_t name_size_max = 4000, part_size_max = 255;
constexpr std::uint32_t permissions = 0777;

bool is_part(std::string_view part) {
    return !part.empty() && part.size() <= part_size_max && part != "." && part != "..";
}

bool is_valid(const PreloadFile& file, std::size_t apps) {
    const auto is_app = [apps](std::uint32_t app) { return app < apps; };
    return is_name_below(file.name) &&
           (!file.is_program || file.name.find('/') == file.name.npos) &&
           file.directory.find('\0') == file.directory.npos && file.digest.size() == digest_size &&
           file.mode <= permissions && !file.apps.empty() &&
           std::ranges::all_of(file.apps, is_app) &&
           file.size <= static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
}

}  // namespace

bool is_name_below(std::string_view name) {
    if (name.size() > name_size_max || name.find('\0') != name.npos) return false;
    for (;;) {
        const std::size_t end = name.find('/');
        if (!is_part(name.substr(0, end))) return false;
        if (end == name.npos) return true;
        name.remove_prefix(end + 1);
    }
}

std::string_view name_below(std::string_view path) {
    if (path.starts_with('/')) return path.substr(path.rfind('/') + 1);
    for (;;) {
        const std::size_t end = path.find('/');
        const std::string_view part = path.substr(0, end);
        const bool is_dots = part.empty() || part == "." || part == "..";
        if (end == path.npos || !is_dots) return path;
        path.remove_prefix(end + 1);
    }
}

bool valid_files(std::span<const PreloadFile> files, std::size_t apps) {
    return std::ranges::all_of(files, [apps](const PreloadFile& f) { return is_valid(f, apps); });
}

}  // namespace vrun::wire
