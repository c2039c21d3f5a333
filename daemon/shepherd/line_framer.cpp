// SPDX-License-Identifier: Apache-2.0
#include "daemon/shepherd/line_framer.hpp"

#include <cassert>
#include <utility>

namespace vrun::shepherd {
namespace {

std::size_t end_of_last_line(std::span<const std::byte> bytes) noexcept {
    const std::size_t at = wire::view_as_text(bytes).rfind('\n');
    return at == std::string_view::npos ? 0 : at + 1;
}

}  // namespace

wire::Bytes LineFramer::feed(std::span<const std::byte> bytes, std::size_t size_max) {
    assert(held() + bytes.size() <= size_max);
    const bool is_full = held() + bytes.size() == size_max;
    std::size_t ready = end_of_last_line(bytes);
    if (ready == 0 && is_full) ready = bytes.size();

    wire::Bytes unit;
    if (ready > 0) {
        unit.reserve(held() + ready);
        unit.insert(unit.end(), tail_.begin(), tail_.end());
        unit.insert(unit.end(), bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(ready));
        tail_.clear();
    }
    tail_.insert(tail_.end(), bytes.begin() + static_cast<std::ptrdiff_t>(ready), bytes.end());
    return unit;
}

wire::Bytes LineFramer::flush() noexcept {
    return std::exchange(tail_, {});
}

}  // namespace vrun::shepherd
