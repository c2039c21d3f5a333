# SPDX-License-Identifier: Apache-2.0
"""Copies standard input to standard output, about 20 MB a second, so that its writer has to wait."""

import sys
import time

while piece := sys.stdin.buffer.raw.read(65_536):
    sys.stdout.buffer.raw.write(piece)
    time.sleep(0.003)
