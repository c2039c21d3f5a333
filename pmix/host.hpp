// SPDX-License-Identifier: Apache-2.0
// pmix/host: where libpmix's threads meet our loop.
// Upcalls are copied and posted; calls that answer through a callback become awaitable.
// libpmix passes us no pointer of ours and allows one server per process: hence the one global.
// Not seen outside pmix/.
#pragma once

#include "pmix/upcalls.hpp"

#include <pmix_server.h>
#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>
#include <asio/steady_timer.hpp>
#include <map>
#include <optional>

namespace vrun::pmix {

struct Outcome {  // of a call of libpmix
    pmix_status_t status = PMIX_SUCCESS;
    Bytes data;
};

class Call;

// Set while libpmix runs; only `loop` is for other threads.
struct Host {
    asio::any_io_executor loop;
    Upcalls& upcalls;
    std::map<std::uintptr_t, Call*> calls = {};  // under way
    std::uintptr_t next_call = 1;
};
extern Host* host;

pmix_server_module_t* host_module();

// One call of libpmix that answers later. An answer after its end is dropped, so it may be given
// up at any time.
class Call {
public:
    explicit Call(Host& of);
    ~Call() { host_.calls.erase(id_); }
    Call(const Call&) = delete;
    Call& operator=(const Call&) = delete;

    // What to give to libpmix: one of the functions, and this as its context.
    void* context() const noexcept { return reinterpret_cast<void*>(id_); }
    static void done(pmix_status_t status, void* context) noexcept;
    static void done_with_data(pmix_status_t status, char* data, std::size_t size,
                               void* context) noexcept;

    // `started` is what libpmix's function returned. Empty: no answer within `limit`.
    asio::awaitable<std::optional<Outcome>> wait(
        pmix_status_t started,
        asio::steady_timer::duration limit = asio::steady_timer::duration::max());

private:
    static void post(void* context, Outcome outcome) noexcept;

    Host& host_;
    std::uintptr_t id_;
    asio::steady_timer answered_;
    std::optional<Outcome> outcome_;
};

}  // namespace vrun::pmix
