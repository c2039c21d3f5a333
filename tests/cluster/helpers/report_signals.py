# SPDX-License-Identifier: Apache-2.0
"""Says which signals arrive; TERM ends it with 0 unless it is called with `stubborn`."""

import signal
import sys


def report(number, _):
    print(f"got {signal.Signals(number).name}", flush=True)
    if number == signal.SIGTERM and "stubborn" not in sys.argv:
        sys.exit(0)


for name in ("SIGTERM", "SIGUSR1", "SIGUSR2", "SIGCONT"):
    signal.signal(getattr(signal, name), report)
print("ready", flush=True)
while True:
    signal.pause()
