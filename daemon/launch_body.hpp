// SPDX-License-Identifier: Apache-2.0
// daemon/launch_body: the body of LaunchJob as it goes down the tree, encoded once.
// u32 ranks, u32 nodes (big endian), u8 compressed?, then the message; zstd's if it is above 8 KB.
// The claim in front lets a link bound the body before it keeps it; unpack() proves the claim.
#pragma once

#include "wire/base/result.hpp"
#include "wire/messages/launch.hpp"

#include <optional>
#include <span>

namespace vrun::daemon {

inline constexpr std::size_t uncompressed_launch_max = 8u << 10;
// What compresses better than this goes uncompressed, so that who claims it sends a bomb.
inline constexpr std::uint64_t launch_compression_max = 64;

enum class LaunchErrc {
    truncated = 1,
    bad_compression,
    too_large,
    false_claim,
    no_node,
    no_program,
    bad_runs,
    bad_node_name,
    bad_node,
    bad_file,
};
std::error_code make_error_code(LaunchErrc value) noexcept;

wire::Bytes pack(const wire::LaunchJob& launch);

// Everything a daemon relies on holds in what this returns.
Result<wire::LaunchJob> unpack(std::span<const std::byte> body);

// What the first bytes of a body say about the job's size; empty: too few bytes.
std::optional<wire::Scale> claimed_scale(std::span<const std::byte> start);

}  // namespace vrun::daemon

template <>
struct std::is_error_code_enum<vrun::daemon::LaunchErrc> : std::true_type {};
