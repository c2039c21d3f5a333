# SPDX-License-Identifier: Apache-2.0
"""Writes COUNT numbered lines of 100 bytes:   lines.py COUNT [out|err|both]"""

import os
import sys

count, where = int(sys.argv[1]), (sys.argv[2:] or ["out"])[0]
rank = int(os.environ["OMPI_COMM_WORLD_RANK"])
streams = {"out": [1], "err": [2], "both": [1, 2]}[where]


def write(fd, data):
    while data:
        data = data[os.write(fd, data):]


for first in range(0, count, 1000):
    numbers = range(first, min(first + 1000, count))
    block = b"".join(b"%04d %08d %s\n" % (rank, number, b"x" * 85) for number in numbers)
    for fd in streams:
        write(fd, block)
