// SPDX-License-Identifier: Apache-2.0
// daemon/shepherd/failure_code: what a job's first failure becomes as vrun's exit code.
// One function over FailureKind, tested row by row; the codes are those of wire::exit_code.
// A failed job never returns 0: what would map to 0 returns 1.
#pragma once

#include "wire/messages/end.hpp"

namespace vrun::shepherd {

// exited: the rank's code. signaled: 128 + signal. aborted: the low eight bits of MPI_Abort's
// argument, as exit() would pass them on; 1 if these are 0. cancelled: 128 + signal, SIGTERM if
// none is named. not_started and whatever already names a code keep it.
int exit_code_of(const wire::Failure& failure);

// Whether output has no reader any more, so that nobody gives credit for it either.
bool nobody_reads(wire::FailureKind cause);

// `failure` with its exit_code filled in.
wire::Failure with_exit_code(wire::Failure failure);

}  // namespace vrun::shepherd
