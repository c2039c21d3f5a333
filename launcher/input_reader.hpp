// SPDX-License-Identifier: Apache-2.0
// launcher/input_reader: vrun's standard input, for rank 0.
// Reads only what the rank's node gave credit for. A terminal is read only from the foreground:
// there a background job leaves what is typed to the shell, and is never stopped by SIGTTIN
// (which must be ignored, so that losing the race for the terminal is an error and not a stop).
#pragma once

#include "launcher/standard_stream.hpp"
#include "launcher/wakeup.hpp"
#include "wire/bytes.hpp"

#include <functional>
#include <system_error>

namespace vrun::launcher {

struct InputEvents {
    std::function<void(wire::Bytes)> on_bytes;
    std::function<void(std::error_code)> on_end;  // once; with an error if reading failed
};

class InputReader {
public:
    InputReader(asio::any_io_executor loop, int fd, InputEvents events);

    asio::awaitable<void> run();  // until the end of the input or stop()
    void add_credit(std::uint32_t bytes);
    void look_again();  // after SIGCONT: we may be in the foreground now
    void stop();        // nobody reads it any more

private:
    asio::awaitable<void> wait_for_turn();
    asio::awaitable<std::optional<std::size_t>> read_some(std::span<std::byte> into);

    StandardStream stream_;
    InputEvents events_;
    Wakeup credited_;
    std::uint64_t credit_ = 0;
    bool stopped_ = false;
};

}  // namespace vrun::launcher
