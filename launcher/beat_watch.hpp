// SPDX-License-Identifier: Apache-2.0
// launcher/beat_watch: notices a daemon that has stopped without closing its socket.
// The first beat arms it; it wakes once per limit, not per beat. If the timer itself is late, this
// process stood still (Ctrl-Z, a paused machine): beats lie unread, so a whole new limit begins.
#pragma once

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>
#include <asio/steady_timer.hpp>
#include <chrono>

namespace vrun::launcher {

// The daemons' lease and two seconds: when vrun gives up, the ranks are gone.
inline constexpr std::chrono::milliseconds daemon_silence_max{12'000};

class BeatWatch {
public:
    BeatWatch(asio::any_io_executor loop, std::chrono::milliseconds silence_max);

    void saw_beat();
    void allow(std::chrono::milliseconds silence_max);  // from here on
    asio::awaitable<void> run();  // completes when the daemon has been silent for too long

private:
    using Clock = std::chrono::steady_clock;

    asio::steady_timer timer_;
    std::chrono::milliseconds silence_max_;
    Clock::time_point last_beat_{};
    bool armed_ = false;
};

}  // namespace vrun::launcher
