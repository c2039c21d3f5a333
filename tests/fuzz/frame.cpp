// SPDX-License-Identifier: Apache-2.0
// What comes over a connection: frames, one after the other, joined to messages by a Link. The
// first byte says how large the jobs are that it knows.
#include "tests/fuzz/fuzz.hpp"

#include "wire/link.hpp"

#include <algorithm>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/io_context.hpp>
#include <cstring>

namespace vrun::fuzz {
namespace {

constexpr std::size_t piece_size = 1000;  // as little as a socket may give at a time

class Received final : public wire::Stream {
public:
    Received(asio::any_io_executor loop, std::span<const std::byte> bytes)
        : loop_{loop}, left_{bytes} {}

    asio::awaitable<std::size_t> read_some(asio::mutable_buffer into) override {
        const std::size_t size = std::min({left_.size(), into.size(), piece_size});
        if (size > 0) std::memcpy(into.data(), left_.data(), size);
        left_ = left_.subspan(size);
        co_return size;
    }
    asio::awaitable<void> write(std::span<const asio::const_buffer>) override { co_return; }
    void close() noexcept override {}
    asio::any_io_executor executor() override { return loop_; }

private:
    asio::any_io_executor loop_;
    std::span<const std::byte> left_;
};

asio::awaitable<void> receive_all(wire::Link& link, std::size_t size) {
    std::size_t joined = 0;
    try {
        while (const std::optional<wire::Message> message = co_await link.receive())
            joined += message->body.size();
    } catch (const std::system_error&) {
        // A bad frame, as most are here.
    }
    require(joined <= size, "the bodies are no more than what came");
}

void check_header(std::span<const std::byte> bytes) {
    wire::HeaderBytes header;
    if (bytes.size() < header.size()) return;
    std::ranges::copy(bytes.first(header.size()), header.begin());
    const auto decoded = wire::decode(header);
    require(!decoded || wire::encode(*decoded) == header, "a header is written as it was read");
}

}  // namespace
}  // namespace vrun::fuzz

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace vrun;
    if (size == 0) return -1;
    const auto bytes = fuzz::bytes_of(data + 1, size - 1);
    fuzz::check_header(bytes);
    const auto scale_of = [nodes = data[0]](wire::MessageType, wire::Route route, auto) {
        return route.job % 2 == 0 ? std::optional{wire::Scale{nodes, nodes}} : std::nullopt;
    };
    static asio::io_context loop{1};  // making one takes longer than all the rest
    loop.restart();
    wire::Link link{std::make_unique<fuzz::Received>(loop.get_executor(), bytes), scale_of};
    asio::co_spawn(loop, fuzz::receive_all(link, bytes.size()), asio::detached);
    loop.run();
    return 0;
}
