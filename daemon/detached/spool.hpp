// SPDX-License-Identifier: Apache-2.0
// daemon/detached/spool: output of a node's ranks, kept until somebody has written it.
// Pure. Units go out in the order they came, within a window per stream, and stay until their
// credit is back; what was sent without credit goes out again after rewind(). Who puts more in than
// there is room for says drop_oldest(), which counts what it drops.
#pragma once

#include "wire/messages/io.hpp"

#include <cstdint>
#include <deque>
#include <optional>

namespace vrun::daemon {

class Spool {
public:
    static constexpr std::size_t unit_overhead = 64;  // of memory, besides its bytes

    explicit Spool(std::uint32_t window) : window_{window} {}

    void add(wire::Output output);
    std::optional<wire::Output> next();  // that may be sent now; empty: none, or no window left
    void credit(wire::StreamId stream, std::uint64_t bytes);  // the reader wrote so much
    void rewind();                                            // the reader is gone
    bool drop_oldest();  // whole units that are not under way; false: there is none

    std::size_t size() const noexcept { return size_; }  // in memory
    bool is_all_sent() const noexcept;
    std::uint64_t dropped(wire::StreamId stream) const noexcept { return lane(stream).dropped; }

private:
    struct Unit {
        std::uint64_t number;
        wire::Rank rank;
        wire::Bytes bytes;
    };
    struct Lane {  // a stream
        std::deque<Unit> units;
        std::size_t sent = 0;  // of them, the first so many
        std::uint64_t in_flight = 0, dropped = 0;

        const Unit* unsent() const { return sent < units.size() ? &units[sent] : nullptr; }
    };

    Lane& lane(wire::StreamId stream) { return stream == wire::StreamId::err ? err_ : out_; }
    const Lane& lane(wire::StreamId stream) const {
        return stream == wire::StreamId::err ? err_ : out_;
    }
    bool may_send(const Lane& lane) const;
    void forget_first(Lane& lane);

    std::uint32_t window_;
    Lane out_, err_;
    std::uint64_t last_number_ = 0;
    std::size_t size_ = 0;
};

}  // namespace vrun::daemon
