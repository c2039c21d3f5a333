// SPDX-License-Identifier: Apache-2.0
// ares_query() is deprecated in new c-ares; old c-ares has no other.
#define CARES_NO_DEPRECATED
#include "discovery/resolver.hpp"

#include "discovery/dns_answer.hpp"
#include "wire/base/handle.hpp"

#include <ares.h>
#include <arpa/nameser.h>
#include <asio/error.hpp>
#include <asio/experimental/as_tuple.hpp>
#include <asio/posix/stream_descriptor.hpp>
#include <asio/steady_timer.hpp>
#include <asio/use_awaitable.hpp>
#include <optional>
#include <unordered_map>

namespace vrun::discovery {
namespace {

constexpr int edns_size = 1232;  // fits every path; longer answers come over TCP
constexpr auto as_values = asio::experimental::as_tuple(asio::use_awaitable);

class AresCategory final : public std::error_category {
public:
    const char* name() const noexcept override { return "c-ares"; }
    std::string message(int status) const override { return ares_strerror(status); }
};

void check_ares(int status, const char* call) {
    static const AresCategory category;
    if (status != ARES_SUCCESS) throw std::system_error{status, category, call};
}

struct Library {
    Library() { check_ares(ares_library_init(ARES_LIB_INIT_ALL), "ares_library_init"); }
    Library(const Library&) = delete;
    Library& operator=(const Library&) = delete;
    ~Library() { ares_library_cleanup(); }
};

int type_of(Record record) noexcept {
    switch (record) {
    case Record::ipv4:
        return ns_t_a;
    case Record::ipv6:
        return ns_t_aaaa;
    case Record::service:
        break;
    }
    return ns_t_srv;
}

// A c-ares socket we watch but do not own: released, never closed, by us.
struct Socket {
    Socket(asio::any_io_executor loop, ares_socket_t fd) : descriptor{loop, fd} {}

    struct Direction {
        bool wanted = false, armed = false;
    };

    asio::posix::stream_descriptor descriptor;
    Direction read, write;
    bool closed = false;
};
using SocketPtr = std::shared_ptr<Socket>;

}  // namespace

// Shared by the one who waits and by c-ares, which cannot forget a question that nobody waits for.
struct Resolver::Pending {
    explicit Pending(asio::any_io_executor loop)
        : wake{loop, asio::steady_timer::time_point::max()} {}
    asio::steady_timer wake;  // never expires; cancelled to wake
    std::optional<Answer> answer;
};

struct Resolver::Channel : std::enable_shared_from_this<Channel> {
    struct Context {  // what c-ares keeps for us while a question is under way
        std::shared_ptr<Pending> pending;
        Record record;
        std::size_t name_size;
    };

    Channel(asio::any_io_executor loop, const ResolverOptions& options);
    std::shared_ptr<Pending> ask(const std::string& name, Record record);

    static void on_answer(void* raw, int status, int, unsigned char* data, int size) noexcept;
    static void on_socket_state(void* raw, ares_socket_t fd, int readable, int writable);
    void forget(ares_socket_t fd);
    void arm(const SocketPtr& socket);
    void watch(const SocketPtr& socket, Socket::Direction Socket::*side,
               asio::posix::descriptor_base::wait_type type);
    void on_ready(const SocketPtr& socket, Socket::Direction Socket::*side);
    void arm_timeout();

    asio::any_io_executor loop_;
    asio::steady_timer timeout_;
    std::unordered_map<ares_socket_t, SocketPtr> sockets_;
    Library library_;
    Handle<ares_channeldata, ares_destroy> channel_;  // last: its end calls back into sockets_
};

Resolver::Channel::Channel(asio::any_io_executor loop, const ResolverOptions& options)
    : loop_{loop}, timeout_{loop} {
    ares_options raw{};
    std::string resolv_conf = options.resolv_conf;
    raw.flags = ARES_FLAG_EDNS;
    raw.ednspsz = edns_size;
    raw.timeout = static_cast<int>(options.timeout.count());
    raw.tries = options.tries;
    raw.resolvconf_path = resolv_conf.data();
    raw.sock_state_cb = on_socket_state;
    raw.sock_state_cb_data = this;
    int given = ARES_OPT_FLAGS | ARES_OPT_EDNSPSZ | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES |
                ARES_OPT_RESOLVCONF | ARES_OPT_SOCK_STATE_CB;
#ifdef ARES_OPT_QUERY_CACHE
    given |= ARES_OPT_QUERY_CACHE;  // with a limit of 0: off. Docker's answers say "good for 600 s"
#endif
    ares_channeldata* channel = nullptr;
    check_ares(ares_init_options(&channel, &raw, given), "set up DNS");
    channel_.reset(channel);
    if (!options.servers.empty())
        check_ares(ares_set_servers_ports_csv(channel, options.servers.c_str()),
                   "set the DNS servers");
}

std::shared_ptr<Resolver::Pending> Resolver::Channel::ask(const std::string& name, Record record) {
    auto pending = std::make_shared<Pending>(loop_);
    auto context = std::make_unique<Context>(Context{pending, record, name.size()});
    ares_query(channel_.get(), name.c_str(), ns_c_in, type_of(record), on_answer,
               context.release());
    arm_timeout();
    return pending;
}

void Resolver::Channel::on_answer(void* raw, int status, int, unsigned char* data,
                                  int size) noexcept {
    const std::unique_ptr<Context> context{static_cast<Context*>(raw)};
    Answer answer{dns_error_of(status), {}, {}};
    try {
        if (!answer.error) answer = dns_answer_of(data, size, context->record, context->name_size);
    } catch (const std::bad_alloc&) {
        answer.error = std::make_error_code(std::errc::not_enough_memory);
    }
    context->pending->answer = std::move(answer);
    context->pending->wake.cancel();
}

void Resolver::Channel::on_socket_state(void* raw, ares_socket_t fd, int readable, int writable) {
    Channel& self = *static_cast<Channel*>(raw);
    if (!readable && !writable) return self.forget(fd);
    SocketPtr& socket = self.sockets_[fd];
    if (!socket) socket = std::make_shared<Socket>(self.loop_, fd);
    socket->read.wanted = readable != 0;
    socket->write.wanted = writable != 0;
    self.arm(socket);
}

// c-ares closes it next.
void Resolver::Channel::forget(ares_socket_t fd) {
    const auto found = sockets_.find(fd);
    if (found == sockets_.end()) return;
    found->second->closed = true;
    found->second->descriptor.release();
    sockets_.erase(found);
}

void Resolver::Channel::arm(const SocketPtr& socket) {
    using asio::posix::descriptor_base;
    watch(socket, &Socket::read, descriptor_base::wait_read);
    watch(socket, &Socket::write, descriptor_base::wait_write);
}

void Resolver::Channel::watch(const SocketPtr& socket, Socket::Direction Socket::*side,
                              asio::posix::descriptor_base::wait_type type) {
    Socket::Direction& direction = (*socket).*side;
    if (!direction.wanted || std::exchange(direction.armed, true)) return;
    socket->descriptor.async_wait(type,
                                  [weak = weak_from_this(), socket, side](std::error_code error) {
                                      ((*socket).*side).armed = false;
                                      const auto self = weak.lock();
                                      if (self && !error && !socket->closed)
                                          self->on_ready(socket, side);
                                  });
}

void Resolver::Channel::on_ready(const SocketPtr& socket, Socket::Direction Socket::*side) {
    const ares_socket_t fd = socket->descriptor.native_handle();
    const bool reading = side == &Socket::read;
    ares_process_fd(channel_.get(), reading ? fd : ARES_SOCKET_BAD, reading ? ARES_SOCKET_BAD : fd);
    if (!socket->closed) arm(socket);
    arm_timeout();
}

// Only while a question is under way.
void Resolver::Channel::arm_timeout() {
    timeval next{};
    if (!ares_timeout(channel_.get(), nullptr, &next)) {
        timeout_.cancel();
        return;
    }
    timeout_.expires_after(std::chrono::seconds{next.tv_sec} +
                           std::chrono::microseconds{next.tv_usec});
    timeout_.async_wait([weak = weak_from_this()](std::error_code error) {
        const auto self = weak.lock();
        if (!self || error) return;
        ares_process_fd(self->channel_.get(), ARES_SOCKET_BAD, ARES_SOCKET_BAD);
        self->arm_timeout();
    });
}

Resolver::Resolver(asio::any_io_executor loop, const ResolverOptions& options)
    : channel_{std::make_shared<Channel>(loop, options)} {}
Resolver::~Resolver() = default;
Resolver::Resolver(Resolver&&) noexcept = default;
Resolver& Resolver::operator=(Resolver&&) noexcept = default;

Resolver::Question Resolver::ask(const std::string& name, Record record) {
    return Question{channel_->ask(name, record)};
}

Resolver::Question::Question(std::shared_ptr<Pending> pending) noexcept
    : pending_{std::move(pending)} {}

asio::awaitable<Resolver::Answer> Resolver::Question::answer() const {
    const std::shared_ptr<Pending> pending = pending_;  // the question may be gone meanwhile
    if (!pending->answer) co_await pending->wake.async_wait(as_values);
    const bool aborted =
        !pending->answer || pending->answer->error == asio::error::operation_aborted;
    if (aborted) throw std::system_error{asio::error::operation_aborted, "ask DNS"};
    co_return *pending->answer;
}

}  // namespace vrun::discovery
