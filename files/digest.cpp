// SPDX-License-Identifier: Apache-2.0
#include "files/digest.hpp"

#include <nettle/sha2.h>

namespace vrun::files {
namespace {

constexpr std::size_t piece_size = 256u << 10;

}  // namespace

struct Digest::State {
    sha256_ctx context;
};

Digest::Digest() : state_{std::make_unique<State>()} {
    ::sha256_init(&state_->context);
}

Digest::Digest(Digest&&) noexcept = default;
Digest& Digest::operator=(Digest&&) noexcept = default;
Digest::~Digest() = default;

void Digest::add(std::span<const std::byte> bytes) {
    ::sha256_update(&state_->context, bytes.size(),
                    reinterpret_cast<const std::uint8_t*>(bytes.data()));
}

wire::Bytes Digest::finish() {
    wire::Bytes digest(SHA256_DIGEST_SIZE);
    ::sha256_digest(&state_->context, digest.size(),
                    reinterpret_cast<std::uint8_t*>(digest.data()));
    return digest;
}

Result<wire::Bytes> digest_of(const UniqueFd& file, std::stop_token stop) {
    Digest digest;
    wire::Bytes piece(piece_size);
    for (;;) {
        if (stop.stop_requested())
            return Error{std::make_error_code(std::errc::operation_canceled), "read"};
        const ssize_t size = ::read(file.get(), piece.data(), piece.size());
        if (size < 0 && errno == EINTR) continue;
        if (size < 0) return Error{{errno, std::system_category()}, "read"};
        if (size == 0) return digest.finish();
        digest.add(std::span{piece}.first(static_cast<std::size_t>(size)));
    }
}

}  // namespace vrun::files
