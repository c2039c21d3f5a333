// SPDX-License-Identifier: Apache-2.0
#include "pmi/store.hpp"

#include "wire/archive.hpp"

#include <utility>

namespace vrun::pmi {
namespace {

constexpr std::size_t count_bytes = 4;

void append(Bytes& bytes, std::string_view text) {
    for (std::size_t i = 0; i < count_bytes; ++i)
        bytes.push_back(static_cast<std::byte>(text.size() >> (8 * i)));
    const Bytes added = wire::bytes_of(text);
    bytes.insert(bytes.end(), added.begin(), added.end());
}

std::string_view take_text(std::span<const std::byte>& bytes) {
    if (bytes.size() < count_bytes) wire::refuse(wire::BodyErrc::truncated);
    std::size_t size = 0;
    for (std::size_t i = 0; i < count_bytes; ++i)
        size |= std::to_integer<std::size_t>(bytes[i]) << (8 * i);
    bytes = bytes.subspan(count_bytes);
    if (bytes.size() < size) wire::refuse(wire::BodyErrc::truncated);
    const std::string_view text = wire::view_as_text(bytes.first(size));
    bytes = bytes.subspan(size);
    return text;
}

}  // namespace

bool Store::put(std::string_view key, std::string_view value) {
    const std::size_t added = key.size() + value.size();
    if (changes_.size() + added + 2 * count_bytes > room_.changes) return false;
    const auto old = get(key);
    if (size_ + added > room_.all + (old ? key.size() + old->size() : 0)) return false;
    append(changes_, key);
    append(changes_, value);
    set(key, value);
    return true;
}

std::optional<std::string_view> Store::get(std::string_view key) const {
    const auto found = values_.find(key);
    if (found == values_.end()) return std::nullopt;
    return found->second;
}

Bytes Store::changes() {
    return std::exchange(changes_, {});
}

void Store::merge(std::span<const std::byte> changes) {
    while (!changes.empty()) {
        const std::string_view key = take_text(changes);
        set(key, take_text(changes));
    }
}

void Store::set(std::string_view key, std::string_view value) {
    auto found = values_.find(key);
    if (found == values_.end()) {
        found = values_.emplace(key, "").first;
        size_ += key.size();
    }
    size_ += value.size();
    size_ -= found->second.size();
    found->second = value;
}

}  // namespace vrun::pmi
