// SPDX-License-Identifier: Apache-2.0
// files/digest: the SHA-256 of bytes and of files.
// By nettle, a small library that starts quickly: vrun itself uses it. Values; blocking reads.
#pragma once

#include "wire/base/fd.hpp"
#include "wire/base/result.hpp"
#include "wire/bytes.hpp"

#include <memory>
#include <span>
#include <stop_token>

namespace vrun::files {

class Digest {
public:
    Digest();
    Digest(Digest&&) noexcept;
    Digest& operator=(Digest&&) noexcept;
    ~Digest();

    void add(std::span<const std::byte> bytes);
    wire::Bytes finish();  // of all that was added; then it begins anew

private:
    struct State;
    std::unique_ptr<State> state_;
};

// Of what is left to read. ECANCELED after a request to stop.
Result<wire::Bytes> digest_of(const UniqueFd& file, std::stop_token stop = {});

}  // namespace vrun::files
