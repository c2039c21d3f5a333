// SPDX-License-Identifier: Apache-2.0
#include "daemon/shepherd/failure_code.hpp"

#include <csignal>
#include <cstdlib>

namespace vrun::shepherd {
namespace {

int never_zero(std::int32_t code) {
    const int low = code & 0xff;
    return low == 0 ? EXIT_FAILURE : low;
}

}  // namespace

int exit_code_of(const wire::Failure& failure) {
    using enum wire::FailureKind;
    namespace code = wire::exit_code;
    if (failure.exit_code != 0) return failure.exit_code;
    switch (failure.kind) {
    case none:
        return 0;
    case exited:
    case aborted:
        return never_zero(failure.code);
    case signaled:
        return 128 + failure.code;
    case not_finalized:
        return code::left_without_finalize;
    case not_started:
        return code::not_found;
    case node_lost:
        return code::node_lost;
    case cancelled:
        return 128 + (failure.code > 0 ? failure.code : SIGTERM);
    case client_gone:
        return code::reader_gone;
    case lease_expired:
        return code::daemon_lost;
    case timed_out:
        return code::timed_out;
    }
    return EXIT_FAILURE;
}

bool nobody_reads(wire::FailureKind cause) {
    return cause == wire::FailureKind::client_gone || cause == wire::FailureKind::lease_expired;
}

wire::Failure with_exit_code(wire::Failure failure) {
    failure.exit_code = exit_code_of(failure);
    return failure;
}

}  // namespace vrun::shepherd
