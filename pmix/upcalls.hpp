// SPDX-License-Identifier: Apache-2.0
// pmix/upcalls: what libpmix asks of us on behalf of a rank, as values.
// The server copies each upcall and hands it to Upcalls on the loop; an answer is a Reply.
// A rank waits, without a limit, until its Reply is given or dropped.
#pragma once

#include "pmix/status.hpp"
#include "wire/bytes.hpp"
#include "wire/message_type.hpp"

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace vrun::pmix {

using wire::Bytes;
using wire::NodeIndex;
using wire::Rank;

// The duty to answer one upcall, exactly once. Dropping it answers with an error, so no path
// through our code, thrown or cancelled, leaves a rank blocked. Lives and dies on the loop;
// one that outlives the Server answers nobody.
class Reply {
public:
    using Answer = std::function<void(int status, Bytes data)>;

    explicit Reply(Answer answer) noexcept : answer_{std::move(answer)} {}
    Reply(Reply&& other) noexcept : answer_{std::exchange(other.answer_, nullptr)} {}
    Reply& operator=(Reply other) noexcept {
        std::swap(answer_, other.answer_);
        return *this;
    }
    ~Reply() { give(status::error, {}); }

    void succeed(Bytes data = {}) && { give(status::success, std::move(data)); }
    void fail(int pmix_status) && { give(pmix_status, {}); }

private:
    void give(int pmix_status, Bytes data) {
        if (const Answer answer = std::exchange(answer_, nullptr))
            answer(pmix_status, std::move(data));
    }

    Answer answer_;
};

struct Member {  // of a collective
    std::string nspace;
    Rank rank = 0;
    bool all = false;  // every rank of the namespace; `rank` means nothing

    auto operator<=>(const Member&) const = default;
};

struct Fence {  // every local member is in, or died
    std::vector<Member> members;
    std::optional<std::chrono::seconds> timeout;  // ours to keep: libpmix times local ranks only
    Bytes blob;  // of this node; the answer is those of all nodes, one after the other
    Reply reply;
};

struct Modex {  // what has this rank of another node published?
    std::string nspace;
    Rank rank = 0;
    Reply reply;
};

struct Abort {      // MPI_Abort: of the whole job
    Rank rank = 0;  // who called it
    int status = 0;
    std::string text;
    Reply reply;  // once the job is being ended
};

struct Log {  // PMIx_Log: all error texts of Open MPI 5 come this way
    Rank rank = 0;
    std::string text;
    bool to_stderr = true;  // else to stdout
};

// What the owner of a Server does about upcalls. All are called on the loop, never from within a
// call of the Server. They may not throw.
class Upcalls {
public:
    virtual void on_fence(Fence fence) = 0;
    virtual void on_modex(Modex modex) = 0;
    virtual void on_abort(Abort abort) = 0;
    virtual void on_init(Rank rank) = 0;      // before MPI_Init goes on
    virtual void on_finalize(Rank rank) = 0;  // before MPI_Finalize returns, so before the exit
    virtual void on_log(Log log) = 0;

protected:
    ~Upcalls() = default;
};

}  // namespace vrun::pmix
