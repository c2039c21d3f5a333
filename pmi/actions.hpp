// SPDX-License-Identifier: Apache-2.0
// pmi/actions: what a PMI server wants done after a rank has spoken.
// Plain values, to be carried out in their order.
#pragma once

#include "wire/bytes.hpp"
#include "wire/message_type.hpp"

#include <string>
#include <variant>
#include <vector>

namespace vrun::pmi {

using wire::Bytes;
using wire::Rank;

struct Answer {  // to be sent to the rank
    Rank rank = 0;
    std::string text;
};
struct Entered {  // it is between MPI_Init and MPI_Finalize
    Rank rank = 0;
};
struct Left {
    Rank rank = 0;
};
struct Barrier {  // every rank here waits: exchange this with all nodes, then barrier_done()
    Bytes changes;
};
struct Abort {  // MPI_Abort: of the whole job
    Rank rank = 0;
    int code = 0;
};
struct HangUp {  // it does not speak PMI
    Rank rank = 0;
    std::string reason;
};
using Action = std::variant<Answer, Entered, Left, Barrier, Abort, HangUp>;
using Actions = std::vector<Action>;  // in this order

}  // namespace vrun::pmi
