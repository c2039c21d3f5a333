// SPDX-License-Identifier: Apache-2.0
// The functions that libpmix calls, on its own threads: copy, post, return. Nothing may throw into
// C, and no answer is given from inside an upcall (libpmix 5.0 dead-locks in log).
#include "pmix/host.hpp"
#include "wire/base/handle.hpp"

#include <pmix.h>
#include <asio/post.hpp>
#include <cstdlib>
#include <span>
#include <string_view>

namespace vrun::pmix {
namespace {

// Posts what `prepare()` made of an upcall's arguments. PMIX_SUCCESS: we shall answer.
template <class Prepare>
pmix_status_t deliver(Prepare prepare) noexcept {
    try {
        asio::post(host->loop, prepare());
        return PMIX_SUCCESS;
    } catch (const std::bad_alloc&) {
        return PMIX_ERR_NOMEM;
    }
}

// 4.2.2 passes some callbacks as null: then there is nobody to answer.
Reply reply_to(pmix_op_cbfunc_t callback, void* context) {
    if (!callback) return Reply{nullptr};
    return Reply{[callback, context](int status, const Bytes&) {
        if (host) callback(status, context);
    }};
}

Reply reply_to(pmix_modex_cbfunc_t callback, void* context) {
    return Reply{[callback, context](int status, Bytes data) {
        if (!host) return;
        if (data.empty()) return callback(status, nullptr, 0, context, nullptr, nullptr);
        auto* owned = new Bytes(std::move(data));  // libpmix's until it calls the release function
        const auto release = [](void* bytes) { delete static_cast<Bytes*>(bytes); };
        callback(status, reinterpret_cast<const char*>(owned->data()), owned->size(), context,
                 release, owned);
    }};
}

std::vector<Member> members_in(std::span<const pmix_proc_t> procs) {
    std::vector<Member> members;
    for (const pmix_proc_t& proc : procs) {
        const bool all = proc.rank == PMIX_RANK_WILDCARD;
        members.push_back({proc.nspace, all ? 0 : proc.rank, all});
    }
    return members;
}

bool has_key(const pmix_info_t& info, std::string_view key) {
    return key == info.key;
}

std::optional<std::chrono::seconds> timeout_in(std::span<const pmix_info_t> infos) {
    for (const pmix_info_t& info : infos) {
        if (!has_key(info, PMIX_TIMEOUT) || info.value.type != PMIX_INT) continue;
        if (info.value.data.integer > 0) return std::chrono::seconds{info.value.data.integer};
    }
    return std::nullopt;
}

Bytes copied(const char* data, std::size_t size) {
    const auto* begin = reinterpret_cast<const std::byte*>(data);
    return data ? Bytes(begin, begin + size) : Bytes{};
}

pmix_status_t on_fence(const pmix_proc_t procs[], std::size_t proc_count, const pmix_info_t infos[],
                       std::size_t info_count, char* data, std::size_t size,
                       pmix_modex_cbfunc_t callback, void* context) noexcept {
    const Handle<char, std::free> adopted{data};  // the blob is ours to free
    return deliver([&] {
        return
            [members = members_in({procs, proc_count}), timeout = timeout_in({infos, info_count}),
             blob = copied(data, size), callback, context]() mutable {
                Reply reply = reply_to(callback, context);
                if (!host) return;
                host->upcalls.on_fence(
                    {std::move(members), timeout, std::move(blob), std::move(reply)});
            };
    });
}

pmix_status_t on_modex(const pmix_proc_t* proc, const pmix_info_t*, std::size_t,
                       pmix_modex_cbfunc_t callback, void* context) noexcept {
    return deliver([&] {
        return
            [nspace = std::string{proc->nspace}, rank = proc->rank, callback, context]() mutable {
                Reply reply = reply_to(callback, context);
                if (host) host->upcalls.on_modex({std::move(nspace), rank, std::move(reply)});
            };
    });
}

pmix_status_t on_abort(const pmix_proc_t* proc, void*, int status, const char* text, pmix_proc_t*,
                       std::size_t, pmix_op_cbfunc_t callback, void* context) noexcept {
    return deliver([&] {
        return [rank = proc->rank, status, text = std::string{text ? text : ""}, callback,
                context]() mutable {
            Reply reply = reply_to(callback, context);
            if (host) host->upcalls.on_abort({rank, status, std::move(text), std::move(reply)});
        };
    });
}

// The rank goes on once we know; 4.2 lets it go on at once.
pmix_status_t on_connected(const pmix_proc_t* proc, void*, pmix_info_t*, std::size_t,
                           pmix_op_cbfunc_t callback, void* context) noexcept {
    const pmix_status_t status = deliver([&] {
        return [rank = proc->rank, callback, context] {
            Reply reply = reply_to(callback, context);
            if (host) host->upcalls.on_init(rank);
            std::move(reply).succeed();
        };
    });
    return status == PMIX_SUCCESS && !callback ? PMIX_OPERATION_SUCCEEDED : status;
}

pmix_status_t on_finalized(const pmix_proc_t* proc, void*, pmix_op_cbfunc_t callback,
                           void* context) noexcept {
    const pmix_status_t status = deliver([&] {
        return [rank = proc->rank, callback, context] {
            Reply reply = reply_to(callback, context);
            if (host) host->upcalls.on_finalize(rank);
            std::move(reply).succeed();
        };
    });
    return status == PMIX_SUCCESS && !callback ? PMIX_OPERATION_SUCCEEDED : status;
}

std::vector<Log> logs_in(Rank rank, std::span<const pmix_info_t> infos) {
    std::vector<Log> logs;
    for (const pmix_info_t& info : infos) {
        const bool to_stderr = has_key(info, PMIX_LOG_STDERR);
        if (!to_stderr && !has_key(info, PMIX_LOG_STDOUT)) continue;
        if (info.value.type == PMIX_STRING && info.value.data.string)
            logs.push_back({rank, info.value.data.string, to_stderr});
    }
    return logs;
}

void on_log(const pmix_proc_t* client, const pmix_info_t infos[], std::size_t info_count,
            const pmix_info_t*, std::size_t, pmix_op_cbfunc_t callback, void* context) noexcept {
    deliver([&] {
        return [logs = logs_in(client->rank, {infos, info_count}), callback, context]() mutable {
            Reply reply = reply_to(callback, context);
            if (!host) return;
            if (logs.empty()) return std::move(reply).fail(PMIX_ERR_NOT_SUPPORTED);  // syslog, mail
            for (Log& log : logs)
                host->upcalls.on_log(std::move(log));
            std::move(reply).succeed();
        };
    });
}

// Without these two, libpmix lets the rank wait for ever.
pmix_status_t on_connect(const pmix_proc_t*, std::size_t, const pmix_info_t*, std::size_t,
                         pmix_op_cbfunc_t, void*) noexcept {
    return PMIX_ERR_NOT_SUPPORTED;
}

}  // namespace

// What is not set here libpmix refuses by itself, with PMIX_ERR_NOT_SUPPORTED.
pmix_server_module_t* host_module() {
    // libpmix copies as much as the module has in its own version: more than in ours if it is
    // newer.
    static union {
        pmix_server_module_t module;
        char room[sizeof(pmix_server_module_t) + 256];
    } padded{};
    pmix_server_module_t& module = padded.module;
    module.client_connected2 = on_connected;
    module.client_finalized = on_finalized;
    module.abort = on_abort;
    module.fence_nb = on_fence;
    module.direct_modex = on_modex;
    module.log = on_log;
    module.connect = on_connect;
    module.disconnect = on_connect;
    return &module;
}

}  // namespace vrun::pmix
