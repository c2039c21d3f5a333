// SPDX-License-Identifier: Apache-2.0
// pmi/framer: cuts what a rank sends into messages.
// Every connection begins with lines; after the rank has asked for PMI-2 messages are counted. No
// more than one message is kept, however much a rank sends: take all before the next push.
#pragma once

#include "pmi/command.hpp"

#include <cstddef>

namespace vrun::pmi {

inline constexpr std::size_t count_width = 6;              // of PMI-2, padded with blanks
inline constexpr std::size_t message_size_max = 64 << 10;  // clients of MPICH stop at 1 KiB

class Framer {
public:
    void push(std::string_view bytes) { waiting_.append(bytes); }

    // The next whole message, without its end or count. Empty: not all of it is here, or
    // is_broken().
    std::optional<std::string> take();

    // What is here, whole or not, and nothing after it.
    std::string take_rest();

    void speak(Dialect dialect) noexcept { dialect_ = dialect; }
    Dialect dialect() const noexcept { return dialect_; }
    bool is_broken() const noexcept { return broken_; }  // not PMI, or too large: hang up

private:
    std::optional<std::string> take_line();
    std::optional<std::string> take_counted();
    std::optional<std::string> cut(std::size_t skip, std::size_t size, std::size_t end);
    std::optional<std::string> refuse();

    std::string waiting_;
    Dialect dialect_ = Dialect::pmi1;
    bool broken_ = false;
};

}  // namespace vrun::pmi
