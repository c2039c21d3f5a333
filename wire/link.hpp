// SPDX-License-Identifier: Apache-2.0
// wire/link: a conversation of whole messages over a stream.
// send() never waits: what may pile up is bounded by credits, and a relay that waited would stop
// reading beats. Urgent frames overtake control frames, and these overtake bulk; long bodies
// travel in pieces and are joined here, within the limit of their message.
#pragma once

#include "wire/frame.hpp"
#include "wire/message.hpp"
#include "wire/stream.hpp"

#include <array>
#include <asio/steady_timer.hpp>
#include <deque>
#include <functional>
#include <map>
#include <optional>

namespace vrun::wire {

// How large the job is that a message belongs to; asked before its body is kept. Empty: the job is
// unknown here, so the message is read and dropped. `start` is what the first frame has of the
// body. May throw std::system_error: then receive() does (wire/speech).
using ScaleOf =
    std::function<std::optional<Scale>(MessageType, Route, std::span<const std::byte> start)>;
std::optional<Scale> any_scale(MessageType, Route, std::span<const std::byte>);  // of trusted peers

class Link {
public:
    explicit Link(std::unique_ptr<Stream> stream, ScaleOf scale_of = any_scale);
    Link(const Link&) = delete;
    Link& operator=(const Link&) = delete;

    // Queues; dropped once finish() or close() was called.
    void send(Message message);
    template <class Body>
    void send(const Body& body, Route route = {}) {
        send(message_of(body, route));
    }

    // The next whole message; empty at the peer's end or after close(). A bad frame throws
    // std::system_error, and then the link is to be closed. One caller at a time.
    asio::awaitable<std::optional<Message>> receive();

    // Writes until finish() and the queue is empty, or close(), or a write fails (throws).
    // Spawn it once.
    asio::awaitable<void> run_writer();

    // Completes when what was sent is written, or the link is closed. No limit of its own.
    asio::awaitable<void> flushed();

    void finish();          // nothing follows what was sent
    void close() noexcept;  // at once; run_writer() and receive() return

    bool is_closed() const noexcept { return closed_; }
    std::size_t queued_bytes() const noexcept { return queued_bytes_; }

    // A peer that stands still needs no second beat behind the first.
    bool has_urgent_queued() const noexcept {
        return !queues_[static_cast<std::size_t>(Priority::urgent)].empty();
    }
    asio::any_io_executor executor() { return stream_->executor(); }

private:
    struct Outgoing {
        Message message;
        std::size_t sent = 0;  // of the body
    };
    struct Piece {  // one frame on its way out
        HeaderBytes header;
        RouteBytes route;
        bool has_route;
        std::span<const std::byte> body;
    };
    struct Incoming {  // the pieces of one message so far
        Message message;
        std::uint64_t size_max;
        bool dropped;
    };

    bool has_queued() const noexcept;
    std::optional<Piece> next_piece();
    std::size_t gather();
    std::optional<Message> take_frame(Header header, std::span<const std::byte> payload);
    Incoming begin_incoming(Header header, std::span<const std::byte>& payload);
    asio::awaitable<bool> fill(std::size_t wanted);

    std::unique_ptr<Stream> stream_;
    ScaleOf scale_of_;

    std::array<std::deque<Outgoing>, priority_count> queues_;
    std::size_t queued_bytes_ = 0;
    std::vector<Piece> pieces_;    // being written
    std::deque<Message> leaving_;  // bodies that pieces_ points into
    std::vector<asio::const_buffer> buffers_;
    asio::steady_timer wake_writer_;  // never expires; cancelled to wake
    asio::steady_timer all_written_;  // the same, for flushed()
    bool finishing_ = false;
    bool closed_ = false;

    std::vector<std::byte> received_;
    std::size_t begin_ = 0, end_ = 0;  // of what is in received_ and not taken yet
    std::map<MessageType, Incoming> incoming_;
};

}  // namespace vrun::wire
