// SPDX-License-Identifier: Apache-2.0
// Any message body: the first byte says which, the rest is the body. What is accepted has one
// encoding only: it is written again as it was read.
#include "tests/fuzz/bodies.hpp"
#include "tests/fuzz/fuzz.hpp"

#include "wire/archive.hpp"

#include <algorithm>

namespace vrun::fuzz {
namespace {

template <class Body>
void decode(std::span<const std::byte> bytes) {
    try {
        const wire::Bytes again = wire::to_bytes(wire::from_bytes<Body>(bytes));
        require(std::ranges::equal(again, bytes), "a body is written as it was read");
    } catch (const std::system_error& refused) {
        require(refused.code().category() == wire::make_error_code(wire::BodyErrc{}).category(),
                "a body is refused with a BodyErrc");
    }
}

}  // namespace
}  // namespace vrun::fuzz

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace vrun::fuzz;
    if (size == 0) return -1;
    const auto bytes = bytes_of(data + 1, size - 1);
    const auto visit = [bytes]<class Body>(std::type_identity<Body>) { decode<Body>(bytes); };
    return with_body(data[0], visit) ? 0 : -1;
}
