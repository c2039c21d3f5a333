# SPDX-License-Identifier: Apache-2.0
"""Writes LINES numbered lines a step and ends with CODE:   steps.py GATE LINES STEPS [CODE]

A step but the first begins when its host has the file GATE.STEP."""

import os
import sys
import time

gate, lines, steps = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
code = int((sys.argv[4:] or ["0"])[0])
rank = int(os.environ["OMPI_COMM_WORLD_RANK"])
for step in range(steps):
    while step > 0 and not os.path.exists(f"{gate}.{step}"):
        time.sleep(0.02)
    for number in range(step * lines, (step + 1) * lines):
        print(f"{rank} {number}", flush=True)
sys.exit(code)
