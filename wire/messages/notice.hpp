// SPDX-License-Identifier: Apache-2.0
// wire/messages/notice: what a node finds odd about itself, for the user to read.
// vrun shows one of each kind for a job, however many nodes send it.
// The sentence holds other people's words: whoever prints it escapes it.
#pragma once

#include "wire/archive.hpp"
#include "wire/message_type.hpp"

#include <cstdint>
#include <string>

namespace vrun::wire {

enum class NoticeKind : std::uint8_t {
    single_copy,  // mended: of interest to who asks for details
    moved_shm,    // mended as well
    small_shm,    // mended, but slower
    no_room,      // neither /dev/shm nor /tmp has room
    long_tmpdir,
    lost_venv,
    unbound,  // other jobs hold the cores
};
constexpr bool valid(NoticeKind kind) {
    return kind <= NoticeKind::unbound;
}
constexpr bool is_mended(NoticeKind kind) {
    return kind <= NoticeKind::moved_shm;
}

struct NodeNotice {
    static constexpr auto type = MessageType::node_notice;
    NoticeKind kind = NoticeKind::no_room;
    std::string sentence;

    bool operator==(const NodeNotice&) const = default;

    template <class Archive>
    void serialize(Archive& archive) {
        archive(kind, sentence);
    }
};

}  // namespace vrun::wire
