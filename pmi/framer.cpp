// SPDX-License-Identifier: Apache-2.0
#include "pmi/framer.hpp"

#include <charconv>

namespace vrun::pmi {

std::optional<std::string> Framer::take() {
    if (broken_) return std::nullopt;
    return dialect_ == Dialect::pmi1 ? take_line() : take_counted();
}

std::string Framer::take_rest() {
    return std::exchange(waiting_, {});
}

std::optional<std::string> Framer::take_line() {
    const auto end = waiting_.find('\n');
    if (end > message_size_max && (end != std::string::npos || waiting_.size() > message_size_max))
        return refuse();
    if (end == std::string::npos) return std::nullopt;
    return cut(0, end, 1);
}

std::optional<std::string> Framer::take_counted() {
    if (waiting_.size() < count_width) return std::nullopt;
    const auto digits = waiting_.find_first_not_of(' ');
    std::size_t size = 0;
    const char* const end = waiting_.data() + count_width;
    if (digits >= count_width) return refuse();
    // Some clients pad on the right.
    auto [stop, error] = std::from_chars(waiting_.data() + digits, end, size);
    while (stop != end && *stop == ' ')
        ++stop;
    if (error != std::errc{} || stop != end || size > message_size_max) return refuse();
    if (waiting_.size() < count_width + size) return std::nullopt;
    return cut(count_width, size, 0);
}

std::optional<std::string> Framer::cut(std::size_t skip, std::size_t size, std::size_t end) {
    std::string message = waiting_.substr(skip, size);
    waiting_.erase(0, skip + size + end);
    return message;
}

std::optional<std::string> Framer::refuse() {
    broken_ = true;
    waiting_.clear();
    return std::nullopt;
}

}  // namespace vrun::pmi
