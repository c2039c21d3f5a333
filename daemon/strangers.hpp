// SPDX-License-Identifier: Apache-2.0
// daemon/strangers: the places of those who have not proved the key and said Hello yet.
// There are so many for an address and so many for all; the oldest gives way to the newest, so a
// flood pushes out itself and a member's short greeting gets through. Addresses that proved the key
// lately have places of their own.
#pragma once

#include <asio/any_io_executor.hpp>
#include <asio/ip/address.hpp>
#include <asio/steady_timer.hpp>
#include <list>
#include <map>

namespace vrun::daemon {

inline constexpr std::chrono::seconds greeting_limit{5};
inline constexpr std::size_t strangers_max = 512;
inline constexpr std::size_t strangers_per_address_max = 64;
inline constexpr std::chrono::hours member_memory{24};

struct Stranger {
    asio::ip::address from;
    bool is_member = false;    // somebody proved the key from there lately
    bool was_put_out = false;  // somebody newer needed the place
    asio::steady_timer limit;  // cancelled when it is put out
};

class Strangers {
public:
    explicit Strangers(asio::any_io_executor loop) : loop_{std::move(loop)} {}

    // A place, which may cost another stranger its own. Stays valid until leave().
    Stranger& enter(const asio::ip::address& from);
    void leave(const Stranger& stranger);

    // Somebody proved the key from there.
    void remember_member(const asio::ip::address& address);

    std::size_t count() const noexcept { return strangers_.size(); }

private:
    void make_room(const asio::ip::address& from, bool is_member);

    asio::any_io_executor loop_;
    std::list<Stranger> strangers_;  // oldest first
    std::size_t most_ = 0;           // since there was none
    std::map<asio::ip::address, asio::steady_timer::time_point> members_;
};

}  // namespace vrun::daemon
