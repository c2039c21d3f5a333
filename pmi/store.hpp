// SPDX-License-Identifier: Apache-2.0
// pmi/store: the keys and values that the ranks of a job have put.
// What is put here is read here at once, and everywhere after the next fence: changes() goes out
// with the fence, merge() takes what all nodes sent. Bounded, so that no rank fills our memory.
#pragma once

#include "wire/bytes.hpp"

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace vrun::pmi {

using wire::Bytes;

struct Room {
    std::size_t changes = 0;  // bytes of one fence, from this node
    std::size_t all = 0;      // bytes of keys and values of the whole job
};

class Store {
public:
    explicit Store(Room room) : room_{room} {}

    bool put(std::string_view key, std::string_view value);  // false: no room
    std::optional<std::string_view> get(std::string_view key) const;

    // What was put here since the last time, as merge() reads it, also if several are joined.
    Bytes changes();
    void merge(std::span<const std::byte> changes);  // throws a BodyErrc if it is none

private:
    using Values = std::map<std::string, std::string, std::less<>>;

    void set(std::string_view key, std::string_view value);

    Room room_;
    Values values_;
    std::size_t size_ = 0;  // of all keys and values
    Bytes changes_;
};

}  // namespace vrun::pmi
