// SPDX-License-Identifier: Apache-2.0
// ares_query() is deprecated in new c-ares; old c-ares has no other.
#define CARES_NO_DEPRECATED
#include "discovery/resolver.hpp"

#include "discovery/dns_answer.hpp"
#include "discovery/errors.hpp"
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
    struct Context {     // what c-ares keeps for us while a question is under way
        Channel* asked;  // over_tcp_ or its owner
        std::shared_ptr<Pending> pending;
        std::string name;
        Record record;
    };

    Channel(asio::any_io_executor loop, const ResolverOptions& options, Channel* owner = nullptr);
    std::shared_ptr<Pending> ask(const std::string& name, Record record);
    void send(std::unique_ptr<Context> context);
    bool asks_again(std::unique_ptr<Context>& context, bool was_silent);

    static void on_answer(void* raw, int status, int, unsigned char* data, int size) noexcept;
    static void on_socket_state(void* raw, ares_socket_t fd, int readable, int writable);
    void forget(ares_socket_t fd);
    void arm(const SocketPtr& socket);
    void watch(const SocketPtr& socket, Socket::Direction Socket::*side,
               asio::posix::descriptor_base::wait_type type);
    void on_ready(const SocketPtr& socket, Socket::Direction Socket::*side);
    void arm_timeout();

    asio::any_io_executor loop_;
    ResolverOptions options_;
    Channel* owner_;            // of one over TCP
    bool prefers_tcp_ = false;  // it answered where UDP was silent
    asio::steady_timer timeout_;
    std::unordered_map<ares_socket_t, SocketPtr> sockets_;
    Library library_;
    Handle<ares_channeldata, ares_destroy> channel_;  // after sockets_: its end calls back
    std::shared_ptr<Channel> over_tcp_;               // once UDP was silent
};

Resolver::Channel::Channel(asio::any_io_executor loop, const ResolverOptions& options,
                           Channel* owner)
    : loop_{loop}, options_{options}, owner_{owner}, timeout_{loop} {
    ares_options raw{};
    std::string resolv_conf = options.resolv_conf;
    raw.flags = ARES_FLAG_EDNS | (owner ? ARES_FLAG_USEVC : 0);
    raw.ednspsz = edns_size;
    raw.timeout = static_cast<int>(options.timeout.count());
    raw.tries = owner ? 1 : options.tries;
    raw.udp_port = raw.tcp_port = options.port;
    raw.resolvconf_path = resolv_conf.data();
    raw.sock_state_cb = on_socket_state;
    raw.sock_state_cb_data = this;
    int given = ARES_OPT_FLAGS | ARES_OPT_EDNSPSZ | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES |
                ARES_OPT_UDP_PORT | ARES_OPT_TCP_PORT | ARES_OPT_RESOLVCONF |
                ARES_OPT_SOCK_STATE_CB;
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
    Channel& asked = prefers_tcp_ ? *over_tcp_ : *this;
    asked.send(std::make_unique<Context>(Context{&asked, pending, name, record}));
    return pending;
}

void Resolver::Channel::send(std::unique_ptr<Context> context) {
    const std::string name = context->name;
    const int type = type_of(context->record);
    ares_query(channel_.get(), name.c_str(), ns_c_in, type, on_answer, context.release());
    arm_timeout();
}

// Some networks let DNS pass over TCP only: whom UDP tells nothing asks once more.
bool Resolver::Channel::asks_again(std::unique_ptr<Context>& context, bool was_silent) {
    if (owner_) owner_->prefers_tcp_ = !was_silent;
    if (owner_ || !was_silent) return false;
    if (!over_tcp_) over_tcp_ = std::make_shared<Channel>(loop_, options_, this);
    context->asked = over_tcp_.get();
    over_tcp_->send(std::move(context));
    return true;
}

void Resolver::Channel::on_answer(void* raw, int status, int, unsigned char* data,
                                  int size) noexcept {
    std::unique_ptr<Context> context{static_cast<Context*>(raw)};
    const std::shared_ptr<Pending> pending = context->pending;
    Answer answer{dns_error_of(status), {}, {}};
    try {
        if (is_truncated(data, size))
            answer.error = Errc::partial_answer;
        else if (!answer.error)
            answer = dns_answer_of(data, size, context->record, context->name.size());
        const bool was_silent = answer.error == Errc::timed_out ||
                                (context->asked->owner_ && answer.error == Errc::no_server);
        const bool is_over = answer.error == asio::error::operation_aborted;
        if (!is_over && context->asked->asks_again(context, was_silent)) return;
    } catch (const std::exception&) {
        answer.error = std::make_error_code(std::errc::not_enough_memory);
    }
    pending->answer = std::move(answer);
    pending->wake.cancel();
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
