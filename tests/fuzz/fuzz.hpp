// SPDX-License-Identifier: Apache-2.0
// tests/fuzz/fuzz: what the fuzz targets share.
// A target hands any bytes to one decoder. Being refused is right; libFuzzer and the sanitizers
// watch for crashes, memory and time, and require() for answers that contradict each other.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <span>
#include <string_view>

namespace vrun::fuzz {

inline std::string_view text_of(const std::uint8_t* data, std::size_t size) {
    return {reinterpret_cast<const char*>(data), size};
}

inline std::span<const std::byte> bytes_of(const std::uint8_t* data, std::size_t size) {
    return std::as_bytes(std::span{data, size});
}

// Ends the run as a crash does.
inline void require(bool holds, const char* what) {
    if (holds) return;
    std::fprintf(stderr, "does not hold: %s\n", what);
    std::abort();
}

}  // namespace vrun::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);
