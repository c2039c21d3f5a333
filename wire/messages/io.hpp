// SPDX-License-Identifier: Apache-2.0
// wire/messages/io: the ranks' output and input, and the credit that bounds it.
// A shepherd reads a pipe only while it holds credit for its node and stream; vrun gives credit
// back as it writes. Credits are the only back-pressure.
#pragma once

#include "wire/archive.hpp"
#include "wire/frame.hpp"

#include <cstdint>

namespace vrun::wire {

enum class StreamId : std::uint8_t { in, out, err };
constexpr bool valid(StreamId stream) {
    return stream <= StreamId::err;
}

// In one Output or Input, which then is one frame.
inline constexpr std::size_t output_bytes_max = frame_size_max - 64;

struct Output {
    static constexpr auto type = MessageType::output;
    Rank rank = 0;
    StreamId stream = StreamId::out;
    Bytes bytes;

    template <class Archive>
    void serialize(Archive& archive) {
        archive(rank, stream, bytes);
    }
};

struct OutputEnd {  // after the last Output of a node
    static constexpr auto type = MessageType::output_end;
    std::uint64_t out_bytes = 0;
    std::uint64_t err_bytes = 0;

    template <class Archive>
    void serialize(Archive& archive) {
        archive(out_bytes, err_bytes);
    }
};

// vrun to a node: it may send so many more bytes of this stream. A node to vrun: the same of `in`.
struct Credit {
    static constexpr auto type = MessageType::credit;
    StreamId stream = StreamId::out;
    std::uint32_t bytes = 0;

    template <class Archive>
    void serialize(Archive& archive) {
        archive(stream, bytes);
    }
};

struct Input {
    static constexpr auto type = MessageType::input;
    Bytes bytes;

    template <class Archive>
    void serialize(Archive& archive) {
        archive(bytes);
    }
};

struct InputEnd {
    static constexpr auto type = MessageType::input_end;

    template <class Archive>
    void serialize(Archive&) {}
};

struct InputClosed {  // the rank that reads is gone
    static constexpr auto type = MessageType::input_closed;

    template <class Archive>
    void serialize(Archive&) {}
};

}  // namespace vrun::wire
