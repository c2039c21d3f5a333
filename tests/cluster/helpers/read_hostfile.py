# SPDX-License-Identifier: Apache-2.0
"""Reads a file again and again until SIGTERM, then prints each text that it saw, on one line."""

import signal
import sys

seen, ended = set(), []
signal.signal(signal.SIGTERM, lambda *_: ended.append(True))
while not ended:
    with open(sys.argv[1]) as file:
        seen.add(" ".join(file.read().split("\n")).strip())
print(*sorted(seen), sep="\n")
