// SPDX-License-Identifier: Apache-2.0
// wire/tls/cluster_key: the secret that makes daemons trust each other, and the file it lives in.
// A key file holds 64 hex digits a line; the first key is offered, all are accepted (rotation).
// Who may read the file decides who may command the daemons: its permissions are checked first.
#pragma once

#include "wire/base/result.hpp"

#include <sys/types.h>
#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace vrun::wire {

inline constexpr std::size_t cluster_key_size = 32;
inline constexpr std::size_t key_file_size_max = 64u << 10;

// Wiped when destroyed. (A vector that grows wipes too: it destroys what it moved from.)
class ClusterKey {
public:
    using Bytes = std::array<unsigned char, cluster_key_size>;

    explicit ClusterKey(const Bytes& bytes) noexcept : bytes_{bytes} {}
    ClusterKey(const ClusterKey&) noexcept = default;
    ClusterKey& operator=(const ClusterKey&) noexcept = default;
    ~ClusterKey();

    const Bytes& bytes() const noexcept { return bytes_; }
    friend bool operator==(const ClusterKey&, const ClusterKey&) = default;

private:
    Bytes bytes_;
};

enum class KeyErrc {
    bad_line = 1,
    no_key,
    too_long,
    not_a_file,
    not_roots,       // we are root, the file is not
    not_ours,        // it belongs to somebody who is neither us nor root
    open_to_others,  // beyond the owner, or beyond the owner and one of our groups
    group_not_ours,  // 0440 by a group that we are not in
};
std::error_code make_error_code(KeyErrc value) noexcept;

// 64 hex digits a line, `#` comments, blank lines. At least one key. An Error names the line and
// never shows its text: a wrong path may have led to another secret.
Result<std::vector<ClusterKey>> parse_keys(std::string_view text);

// Reads the file and refuses one that more people can read than the daemon's power allows:
// root reads only what root owns and nobody else can read; others also 0440 by an own group.
Result<std::vector<ClusterKey>> read_key_file(const std::string& path);

// The keys of one line that comes in on `fd`, and no byte behind it.
Result<std::vector<ClusterKey>> read_key_line(int fd);

// A fresh random key as a line of a key file, without the line break. Throws if there is no
// entropy.
std::string new_key_line();

// The rule of read_key_file, on plain data.
struct KeyFileOwner {
    uid_t uid;
    gid_t gid;
    mode_t mode;  // permission bits
};
struct KeyReader {
    uid_t uid;
    std::span<const gid_t> groups;
};
std::error_code check_key_permissions(KeyFileOwner file, KeyReader reader) noexcept;

}  // namespace vrun::wire

template <>
struct std::is_error_code_enum<vrun::wire::KeyErrc> : std::true_type {};
