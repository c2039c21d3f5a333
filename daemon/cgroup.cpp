// SPDX-License-Identifier: Apache-2.0
#include "daemon/cgroup.hpp"

#include <algorithm>
#include <charconv>
#include <fstream>
#include <sstream>

namespace vrun::daemon {
namespace {

std::vector<std::string_view> split(std::string_view text, char separator) {
    std::vector<std::string_view> parts;
    for (std::size_t end = text.find(separator); end != text.npos; end = text.find(separator)) {
        parts.push_back(text.substr(0, end));
        text.remove_prefix(end + 1);
    }
    parts.push_back(text);
    return parts;
}

bool has_word(std::string_view list, std::string_view word) {
    return std::ranges::count(split(list, ','), word) > 0;
}

std::optional<double> positive(std::string_view text) {
    while (!text.empty() && (text.back() == '\n' || text.back() == ' '))
        text.remove_suffix(1);
    long long value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size() || value <= 0) return std::nullopt;
    return static_cast<double>(value);
}

// mountinfo writes blanks, tabs, line ends and backslashes as \040 and so on.
std::string unescaped(std::string_view text) {
    const auto is_octal = [](char digit) { return digit >= '0' && digit <= '7'; };
    std::string plain;
    for (std::size_t at = 0; at < text.size(); ++at) {
        const std::string_view code = text.substr(at).substr(0, 4);
        if (code.front() == '\\' && code.size() == 4 &&
            std::ranges::all_of(code.substr(1), is_octal)) {
            plain +=
                static_cast<char>((code[1] - '0') * 64 + (code[2] - '0') * 8 + (code[3] - '0'));
            at += 3;
        } else {
            plain += code.front();
        }
    }
    return plain;
}

struct Mount {
    std::string root;   // what of the hierarchy is mounted
    std::string point;  // where
    std::string_view type;
    std::string_view options;  // of the file system: the controllers of version 1
};

// "36 25 0:32 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate"
std::optional<Mount> mount_of(std::string_view line) {
    const std::size_t dash = line.find(" - ");
    if (dash == line.npos) return std::nullopt;
    const auto before = split(line.substr(0, dash), ' ');
    const auto after = split(line.substr(dash + 3), ' ');
    if (before.size() < 6 || after.size() < 3) return std::nullopt;
    return Mount{unescaped(before[3]), unescaped(before[4]), after[0], after[2]};
}

struct Membership {
    int version;
    std::string_view path;
};

// "0::/a/b" is version 2, "4:cpu,cpuacct:/a/b" version 1.
std::optional<Membership> cpu_membership_of(std::string_view line) {
    const std::size_t first = line.find(':');
    const std::size_t second = line.find(':', first == line.npos ? first : first + 1);
    if (second == line.npos) return std::nullopt;
    const std::string_view controllers = line.substr(first + 1, second - first - 1);
    const std::string_view path = line.substr(second + 1);
    if (line.substr(0, first) == "0" && controllers.empty()) return Membership{2, path};
    if (has_word(controllers, "cpu")) return Membership{1, path};
    return std::nullopt;
}

bool carries_cpu(const Mount& mount, int version) {
    if (version == 2) return mount.type == "cgroup2";
    return mount.type == "cgroup" && has_word(mount.options, "cpu");
}

// The group below what is mounted. A path outside of it (another cgroup namespace's) gives the
// mount point itself: that is all we can see.
std::string group_below(std::string_view path, std::string_view mounted) {
    if (mounted == "/") mounted = "";
    const bool below = path.starts_with(mounted) && path.substr(mounted.size()).starts_with('/');
    if (!below || path.find("/..") != path.npos) return "";
    return std::string{path.substr(mounted.size() + 1)};
}

std::string content_of(const std::filesystem::path& path) {
    std::ifstream file{path};
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

std::optional<double> quota_in(const std::filesystem::path& directory, int version) {
    if (version == 2) return quota_of_cpu_max(content_of(directory / "cpu.max"));
    return quota_of_cfs(content_of(directory / "cpu.cfs_quota_us"),
                        content_of(directory / "cpu.cfs_period_us"));
}

std::optional<double> smaller(std::optional<double> a, std::optional<double> b) {
    if (!a || !b) return a ? a : b;
    return std::min(*a, *b);
}

std::optional<double> quota_of_chain(const CpuHierarchy& hierarchy,
                                     const std::filesystem::path& root) {
    std::filesystem::path at = root;
    at += hierarchy.mount_point;
    std::optional<double> quota = quota_in(at, hierarchy.version);
    for (const std::string_view name : split(hierarchy.group, '/'))
        if (!name.empty()) quota = smaller(quota, quota_in(at /= name, hierarchy.version));
    return quota;
}

}  // namespace

std::optional<double> quota_of_cpu_max(std::string_view text) {
    const std::size_t blank = text.find(' ');
    if (blank == text.npos) return std::nullopt;
    return quota_of_cfs(text.substr(0, blank), text.substr(blank + 1));
}

std::optional<double> quota_of_cfs(std::string_view quota_us, std::string_view period_us) {
    const auto quota = positive(quota_us), period = positive(period_us);
    if (!quota || !period) return std::nullopt;  // -1 and "max": no limit
    return *quota / *period;
}

std::vector<CpuHierarchy> cpu_hierarchies(std::string_view cgroup, std::string_view mountinfo) {
    std::vector<CpuHierarchy> found;
    for (const std::string_view line : split(cgroup, '\n')) {
        const auto membership = cpu_membership_of(line);
        if (!membership) continue;
        for (const std::string_view mount_line : split(mountinfo, '\n')) {
            const auto mount = mount_of(mount_line);
            if (!mount || !carries_cpu(*mount, membership->version)) continue;
            found.push_back(
                {membership->version, mount->point, group_below(membership->path, mount->root)});
            break;
        }
    }
    return found;
}

std::optional<double> cpu_quota(const std::filesystem::path& root) {
    const auto hierarchies = cpu_hierarchies(content_of(root / "proc/self/cgroup"),
                                             content_of(root / "proc/self/mountinfo"));
    std::optional<double> quota;
    for (const CpuHierarchy& hierarchy : hierarchies)
        quota = smaller(quota, quota_of_chain(hierarchy, root));
    return quota;
}

}  // namespace vrun::daemon
