// SPDX-License-Identifier: Apache-2.0
#include "daemon/detached/spool.hpp"

#include <algorithm>
#include <utility>

namespace vrun::daemon {

using wire::StreamId;

void Spool::add(wire::Output output) {
    size_ += output.bytes.size() + unit_overhead;
    lane(output.stream).units.push_back({++last_number_, output.rank, std::move(output.bytes)});
}

// One that is larger than the window goes alone.
bool Spool::may_send(const Lane& lane) const {
    const Unit* const unit = lane.unsent();
    return unit && (lane.in_flight == 0 || lane.in_flight + unit->bytes.size() <= window_);
}

std::optional<wire::Output> Spool::next() {
    const bool out_may = may_send(out_), err_may = may_send(err_);
    if (!out_may && !err_may) return std::nullopt;
    const bool is_out = out_may && (!err_may || out_.unsent()->number < err_.unsent()->number);
    Lane& lane = is_out ? out_ : err_;
    const Unit& unit = lane.units[lane.sent++];
    lane.in_flight += unit.bytes.size();
    return wire::Output{unit.rank, is_out ? StreamId::out : StreamId::err, unit.bytes};
}

// Of a unit that is written in part, the rest stays.
void Spool::credit(StreamId stream, std::uint64_t bytes) {
    Lane& lane = this->lane(stream);
    while (bytes > 0 && lane.sent > 0) {
        wire::Bytes& first = lane.units.front().bytes;
        const std::uint64_t part = std::min<std::uint64_t>(bytes, first.size());
        bytes -= part;
        lane.in_flight -= part;
        if (part < first.size()) {
            first.erase(first.begin(), first.begin() + static_cast<std::ptrdiff_t>(part));
            size_ -= part;
            return;
        }
        --lane.sent;
        forget_first(lane);
    }
}

void Spool::forget_first(Lane& lane) {
    size_ -= lane.units.front().bytes.size() + unit_overhead;
    lane.units.pop_front();
}

void Spool::rewind() {
    for (Lane* const lane : {&out_, &err_})
        lane->sent = lane->in_flight = 0;
}

bool Spool::drop_oldest() {
    const Unit* const out = out_.sent == 0 ? out_.unsent() : nullptr;
    const Unit* const err = err_.sent == 0 ? err_.unsent() : nullptr;
    if (!out && !err) return false;
    Lane& lane = out && (!err || out->number < err->number) ? out_ : err_;
    lane.dropped += lane.units.front().bytes.size();
    forget_first(lane);
    return true;
}

bool Spool::is_all_sent() const noexcept {
    return !out_.unsent() && !err_.unsent();
}

}  // namespace vrun::daemon
