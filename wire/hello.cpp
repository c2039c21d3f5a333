// SPDX-License-Identifier: Apache-2.0
#include "wire/hello.hpp"

#include "wire/messages/end.hpp"

#include <algorithm>

namespace vrun::wire {
namespace {

class Category final : public std::error_category {
public:
    const char* name() const noexcept override { return "hello"; }
    std::string message(int value) const override {
        switch (static_cast<HelloErrc>(value)) {
        case HelloErrc::no_common_protocol:
            return "no common protocol";
        case HelloErrc::not_a_hello:
            return "the peer does not speak vrun's protocol";
        case HelloErrc::gone:
            return "the peer closed the connection";
        }
        return "unknown hello error";
    }
};

std::string described(const Hello& hello) {
    return hello.software + " (protocol " + std::to_string(hello.protocol_min) + " to " +
           std::to_string(hello.protocol_max) + ")";
}

}  // namespace

std::error_code make_error_code(HelloErrc value) noexcept {
    static const Category category;
    return {static_cast<int>(value), category};
}

std::string software_version() {
    return "vrun " VRUN_VERSION;
}

asio::awaitable<Hello> exchange_hello(Link& link, Hello ours) {
    link.send(ours);
    const std::optional<Message> first = co_await link.receive();
    if (!first) throw std::system_error{HelloErrc::gone, "greet the peer"};
    if (first->type == MessageType::goodbye)
        throw std::system_error{HelloErrc::gone, body_of<Goodbye>(*first).reason};
    if (first->type != MessageType::hello)
        throw std::system_error{HelloErrc::not_a_hello, "greet the peer"};
    const Hello theirs = body_of<Hello>(*first);
    const auto highest = std::min(ours.protocol_max, theirs.protocol_max);
    if (highest >= std::max(ours.protocol_min, theirs.protocol_min)) co_return theirs;
    const std::string reason = "this side is " + described(ours) + ", the other " +
                               described(theirs) + "; install the same version on both";
    link.send(Goodbye{exit_code::refused, reason});
    link.finish();
    throw std::system_error{HelloErrc::no_common_protocol, reason};
}

}  // namespace vrun::wire
