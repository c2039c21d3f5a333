// SPDX-License-Identifier: Apache-2.0
#include "wire/link.hpp"

#include <algorithm>
#include <asio/experimental/as_tuple.hpp>
#include <asio/use_awaitable.hpp>
#include <cstring>
#include <limits>

namespace vrun::wire {
namespace {

constexpr std::size_t receive_buffer_size = 2 * (frame_size_max + sizeof(HeaderBytes));
constexpr std::size_t first_buffer_size = 4u << 10;  // whoever says little costs little
constexpr std::size_t gather_bytes_max = 256u << 10;
constexpr auto as_values = asio::experimental::as_tuple(asio::use_awaitable);

}  // namespace

std::optional<Scale> any_scale(MessageType, Route, std::span<const std::byte>) {
    return Scale{std::numeric_limits<std::uint32_t>::max(),
                 std::numeric_limits<std::uint32_t>::max()};
}

Link::Link(std::unique_ptr<Stream> stream, ScaleOf scale_of)
    : stream_{std::move(stream)},
      scale_of_{std::move(scale_of)},
      wake_writer_{stream_->executor(), asio::steady_timer::time_point::max()},
      all_written_{stream_->executor(), asio::steady_timer::time_point::max()} {}

void Link::send(Message message) {
    if (finishing_ || closed_) return;
    queued_bytes_ += message.body.size();
    const auto priority = static_cast<std::size_t>(traits_of(message.type).priority);
    queues_[priority].push_back({std::move(message)});
    wake_writer_.cancel();
}

bool Link::has_queued() const noexcept {
    return std::ranges::any_of(queues_, [](const auto& queue) { return !queue.empty(); });
}

// The next frame of the highest class. A body that is through moves to leaving_, which keeps it
// until it is written; one that is not stays where it is, and later frames continue it.
std::optional<Link::Piece> Link::next_piece() {
    const auto queue = std::ranges::find_if(queues_, [](const auto& q) { return !q.empty(); });
    if (queue == queues_.end()) return std::nullopt;
    Outgoing& front = queue->front();
    const Message& message = front.message;
    Piece piece{};
    piece.has_route = front.sent == 0 && traits_of(message.type).routed;
    const std::size_t room = frame_size_max - (piece.has_route ? route_size : 0);
    const std::size_t size = std::min(room, message.body.size() - front.sent);
    const bool more = front.sent + size < message.body.size();
    const auto framed = static_cast<std::uint32_t>(size + (piece.has_route ? route_size : 0));
    piece.header = encode(Header{message.type, framed, more});
    piece.route = encode(message.route);
    piece.body = std::span{message.body}.subspan(front.sent, size);
    front.sent += size;
    queued_bytes_ -= size;
    if (!more) {
        leaving_.push_back(std::move(front.message));  // the bytes of a vector stay where they are
        queue->pop_front();
    }
    return piece;
}

std::size_t Link::gather() {
    pieces_.clear();
    buffers_.clear();
    std::size_t size = 0;
    while (size < gather_bytes_max) {
        const std::optional<Piece> piece = next_piece();
        if (!piece) break;
        size += piece->body.size() + sizeof(HeaderBytes);
        pieces_.push_back(*piece);
    }
    for (const Piece& piece : pieces_) {
        buffers_.push_back(asio::buffer(piece.header));
        if (piece.has_route) buffers_.push_back(asio::buffer(piece.route));
        if (!piece.body.empty())
            buffers_.push_back(asio::buffer(piece.body.data(), piece.body.size()));
    }
    return size;
}

asio::awaitable<void> Link::run_writer() {
    while (!closed_) {
        if (gather() > 0) {
            const std::span<const asio::const_buffer> buffers{buffers_};
            co_await stream_->write(buffers);
            leaving_.clear();
            continue;
        }
        all_written_.cancel();
        if (finishing_) co_return;
        co_await wake_writer_.async_wait(as_values);
    }
}

asio::awaitable<void> Link::flushed() {
    while (!closed_ && (has_queued() || !leaving_.empty()))
        co_await all_written_.async_wait(as_values);
}

void Link::finish() {
    finishing_ = true;
    wake_writer_.cancel();
}

void Link::close() noexcept {
    closed_ = true;
    stream_->close();
    wake_writer_.cancel();
    all_written_.cancel();
}

// True when `wanted` bytes are in received_ from begin_; false at the peer's end between messages.
asio::awaitable<bool> Link::fill(std::size_t wanted) {
    while (end_ - begin_ < wanted) {
        if (received_.empty()) received_.resize(first_buffer_size);
        if (begin_ + wanted > received_.size() || end_ == received_.size())
            received_.resize(receive_buffer_size);
        if (begin_ + wanted > received_.size()) {
            std::memmove(received_.data(), received_.data() + begin_, end_ - begin_);
            end_ -= begin_;
            begin_ = 0;
        }
        const auto room = asio::buffer(received_.data() + end_, received_.size() - end_);
        const std::size_t size = co_await stream_->read_some(room);
        if (size == 0 && end_ == begin_) co_return false;
        if (size == 0) throw std::system_error{asio::error::eof, "read a frame"};
        end_ += size;
    }
    co_return true;
}

asio::awaitable<std::optional<Message>> Link::receive() {
    std::optional<Message> message;
    while (!message) {
        if (closed_) co_return std::nullopt;
        const bool has_header = co_await fill(sizeof(HeaderBytes));
        if (!has_header) co_return std::nullopt;
        HeaderBytes bytes;
        std::memcpy(bytes.data(), received_.data() + begin_, sizeof bytes);
        const Header header = decode(bytes).value();
        co_await fill(sizeof bytes + header.size);
        const std::span payload{received_.data() + begin_ + sizeof bytes, header.size};
        begin_ += sizeof bytes + header.size;
        message = take_frame(header, payload);
        if (begin_ == end_) begin_ = end_ = 0;
    }
    co_return message;
}

Link::Incoming Link::begin_incoming(Header header, std::span<const std::byte>& payload) {
    Incoming incoming{{header.type, {}, {}}, 0, false};
    if (traits_of(header.type).routed) {
        if (payload.size() < route_size)
            throw std::system_error{FrameErrc::no_route, "read a frame"};
        RouteBytes route;
        std::memcpy(route.data(), payload.data(), route.size());
        payload = payload.subspan(route_size);
        incoming.message.route = decode_route(route);
    }
    const std::optional<Scale> scale = scale_of_(header.type, incoming.message.route, payload);
    incoming.dropped = !scale;
    incoming.size_max = body_size_max(header.type, scale.value_or(Scale{}));
    return incoming;
}

// A whole message, if this frame completes one. Most come in one frame and are never kept here.
std::optional<Message> Link::take_frame(Header header, std::span<const std::byte> payload) {
    auto begun = incoming_.extract(header.type);
    Incoming incoming = begun ? std::move(begun.mapped()) : begin_incoming(header, payload);
    Bytes& body = incoming.message.body;
    if (!incoming.dropped) {
        if (body.size() + payload.size() > incoming.size_max)
            throw std::system_error{FrameErrc::too_large,
                                    "read " + std::string{traits_of(header.type).name}};
        body.insert(body.end(), payload.begin(), payload.end());
    }
    if (header.more) {
        incoming_.emplace(header.type, std::move(incoming));
        return std::nullopt;
    }
    if (incoming.dropped) return std::nullopt;
    return std::move(incoming.message);
}

}  // namespace vrun::wire
