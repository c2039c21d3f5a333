# SPDX-License-Identifier: Apache-2.0
"""Says which signals arrive; TERM ends it with 0 unless it is called with `stubborn`.

They are blocked and waited for: none is missed between two steps, or reported inside another."""

import signal
import sys

expected = [signal.SIGTERM, signal.SIGUSR1, signal.SIGUSR2, signal.SIGCONT]
signal.pthread_sigmask(signal.SIG_BLOCK, expected)
print("ready", flush=True)
while True:
    number = signal.sigwait(expected)
    print(f"got {signal.Signals(number).name}", flush=True)
    if number == signal.SIGTERM and "stubborn" not in sys.argv:
        sys.exit(0)
