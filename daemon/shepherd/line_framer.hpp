// SPDX-License-Identifier: Apache-2.0
// daemon/shepherd/line_framer: one rank's stream of bytes as units of whole lines.
// Each read becomes one unit that ends where its last line ends; the rest waits for its line end.
// Pure: time and credit are the caller's business (rank_output).
#pragma once

#include "wire/bytes.hpp"

namespace vrun::shepherd {

class LineFramer {
public:
    // Bytes of an unfinished line; below the size_max of the last feed().
    std::size_t held() const noexcept { return tail_.size(); }

    // Takes what was read (held() + bytes.size() <= size_max) and returns what may go now: all up
    // to the last line end; when there is none and size_max is reached, everything; else nothing.
    wire::Bytes feed(std::span<const std::byte> bytes, std::size_t size_max);

    // The unfinished line as it is: it waited too long, or nothing follows.
    wire::Bytes flush() noexcept;

private:
    wire::Bytes tail_;  // has no line end
};

}  // namespace vrun::shepherd
