// SPDX-License-Identifier: Apache-2.0
// A decoder with a fault, PLANTED: run.py must find it, or it would not find one of ours.
#include "tests/fuzz/fuzz.hpp"

#include <ctime>
#include <vector>

namespace vrun::fuzz {

void crash() {
    const std::vector<int> numbers(1);
    volatile int sink =
        *(numbers.data() + numbers.size());  // one too far, as AddressSanitizer sees
    (void)sink;
}

void allocation() {
    std::vector<char> too_many(65u << 20);
    volatile char sink = too_many.back();
    (void)sink;
}

void delay() {
    const std::clock_t end = std::clock() + 3 * CLOCKS_PER_SEC;
    while (std::clock() < end)
        continue;
}

void lie() {
    require(false, "a promise");
}

}  // namespace vrun::fuzz

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (vrun::fuzz::text_of(data, size).starts_with("BUG")) vrun::fuzz::PLANTED();
    return 0;
}
