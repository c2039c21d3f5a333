// SPDX-License-Identifier: Apache-2.0
#include "daemon/launch_body.hpp"

#include "wire/job_map.hpp"
#include "wire/preload_rules.hpp"

#include <zstd.h>
#include <algorithm>
#include <array>
#include <limits>
#include <string_view>

namespace vrun::daemon {
namespace {

constexpr std::size_t claim_size = 8, prefix_size = claim_size + 1;
constexpr int compression_level = 1;

class Category final : public std::error_category {
public:
    const char* name() const noexcept override { return "launch"; }
    std::string message(int value) const override {
        static constexpr std::array names{"no error",
                                          "cut short",
                                          "badly compressed",
                                          "larger than its job may be",
                                          "says another size of the job than it has",
                                          "no node",
                                          "a program without a name",
                                          "ranks that do not follow each other",
                                          "a node name that is empty or used twice",
                                          "a node that is nobody or named twice",
                                          "a file whose name leaves its directory"};
        return names.at(static_cast<std::size_t>(value));
    }
};

Error error_of(std::error_code code) {
    return {code, "read a job's launch message"};
}

void put(wire::Bytes& bytes, std::uint32_t value) {
    for (int shift = 24; shift >= 0; shift -= 8)
        bytes.push_back(static_cast<std::byte>(value >> shift));
}

std::uint32_t number_at(std::span<const std::byte, 4> bytes) {
    std::uint32_t value = 0;
    for (const std::byte byte : bytes)
        value = value << 8 | std::to_integer<std::uint32_t>(byte);
    return value;
}

// The claim alone must not make us take memory: it must be paid for by bytes that really came.
std::uint64_t decompressed_max(wire::Scale scale, std::size_t compressed) {
    const std::uint64_t claimed = wire::body_size_max(wire::MessageType::launch_job, scale);
    return std::min(claimed, launch_compression_max * compressed);
}

wire::Bytes compress(const wire::Bytes& content) {
    wire::Bytes packed(ZSTD_compressBound(content.size()));
    const std::size_t written = ZSTD_compress(packed.data(), packed.size(), content.data(),
                                              content.size(), compression_level);
    if (ZSTD_isError(written))
        throw std::bad_alloc{};  // with room for the bound, all that can fail
    packed.resize(written);
    return packed;
}

Result<wire::Bytes> decompress(std::span<const std::byte> bytes, std::uint64_t size_max) {
    const unsigned long long size = ZSTD_getFrameContentSize(bytes.data(), bytes.size());
    if (size == ZSTD_CONTENTSIZE_UNKNOWN || size == ZSTD_CONTENTSIZE_ERROR)
        return error_of(LaunchErrc::bad_compression);
    if (size > size_max) return error_of(LaunchErrc::too_large);
    wire::Bytes whole(size);
    const std::size_t written =
        ZSTD_decompress(whole.data(), whole.size(), bytes.data(), bytes.size());
    if (ZSTD_isError(written) || written != size) return error_of(LaunchErrc::bad_compression);
    return whole;
}

// Sorted, so that what is empty comes first.
template <class Value>
bool are_unique(const std::vector<wire::JobNode>& nodes, Value wire::JobNode::*member) {
    std::vector<Value> values;
    std::ranges::transform(nodes, std::back_inserter(values), member);
    std::ranges::sort(values);
    return values.front() != Value{} && std::ranges::adjacent_find(values) == values.end();
}

std::error_code problem_of(const wire::LaunchJob& launch, wire::Scale claim) {
    if (launch.nodes.empty()) return LaunchErrc::no_node;
    const auto has_program = [](const wire::App& app) { return !app.argv.empty(); };
    if (launch.apps.empty() || !std::ranges::all_of(launch.apps, has_program))
        return LaunchErrc::no_program;
    if (!wire::valid_runs(launch.runs, launch.nodes.size(), launch.apps.size()))
        return LaunchErrc::bad_runs;
    if (!wire::valid_files(launch.files, launch.apps.size())) return LaunchErrc::bad_file;
    const wire::Scale scale = wire::scale_of(launch);
    if (scale.ranks != claim.ranks || scale.nodes != claim.nodes) return LaunchErrc::false_claim;
    if (!are_unique(launch.nodes, &wire::JobNode::name)) return LaunchErrc::bad_node_name;
    if (!are_unique(launch.nodes, &wire::JobNode::incarnation)) return LaunchErrc::bad_node;
    return {};
}

Result<wire::LaunchJob> decode(std::span<const std::byte> message, wire::Scale claim) {
    try {
        auto launch = wire::from_bytes<wire::LaunchJob>(message);
        if (const std::error_code problem = problem_of(launch, claim)) return error_of(problem);
        return launch;
    } catch (const std::system_error& error) {  // of BodyErrc
        return error_of(error.code());
    }
}

}  // namespace

std::error_code make_error_code(LaunchErrc value) noexcept {
    static const Category category;
    return {static_cast<int>(value), category};
}

wire::Bytes pack(const wire::LaunchJob& launch) {
    const wire::Bytes message = wire::to_bytes(launch);
    wire::Bytes body;
    const wire::Scale scale = wire::scale_of(launch);
    put(body, static_cast<std::uint32_t>(scale.ranks));
    put(body, static_cast<std::uint32_t>(scale.nodes));
    wire::Bytes packed;
    if (message.size() > uncompressed_launch_max) packed = compress(message);
    const bool compressed =
        !packed.empty() && message.size() <= launch_compression_max * packed.size();
    body.push_back(std::byte{compressed});
    const wire::Bytes& content = compressed ? packed : message;
    body.insert(body.end(), content.begin(), content.end());
    return body;
}

std::optional<wire::Scale> claimed_scale(std::span<const std::byte> start) {
    if (start.size() < claim_size) return std::nullopt;
    return wire::Scale{number_at(start.first<4>()), number_at(start.subspan<4, 4>())};
}

Result<wire::LaunchJob> unpack(std::span<const std::byte> body) {
    const std::optional<wire::Scale> claim = claimed_scale(body);
    if (!claim || body.size() < prefix_size) return error_of(LaunchErrc::truncated);
    const std::span<const std::byte> rest = body.subspan(prefix_size);
    switch (std::to_integer<int>(body[claim_size])) {
    case 0:
        return decode(rest, *claim);
    case 1: {
        const Result<wire::Bytes> message = decompress(rest, decompressed_max(*claim, rest.size()));
        if (!message) return message.error();
        return decode(*message, *claim);
    }
    default:
        return error_of(LaunchErrc::bad_compression);
    }
}

}  // namespace vrun::daemon
