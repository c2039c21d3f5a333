# SPDX-License-Identifier: Apache-2.0
"""How things are measured and shown. Times are in milliseconds unless a name says otherwise."""

import os
import statistics
from typing import NamedTuple

LOOP, WRITER = "/srv/vrun/bin/bench-loop", "/srv/vrun/bin/bench-writer"


class Sample(NamedTuple):
    wall: float
    cpu: float  # user and system, of the command and what it waited for


class Failed(Exception):
    """The command cannot be measured here; the words say why."""


def samples(host, command, rounds=1, copies=1, timeout=60.0, **options):
    """The command that many times, one after the other, timed by a C program beside it."""
    try:
        ended = host.run([LOOP, str(rounds), str(copies), *command], timeout=timeout, **options)
    except TimeoutError:
        raise Failed(f"hung (> {timeout:g} s)") from None
    rows = [tuple(map(int, line.split())) for line in ended.out.splitlines()]
    codes = {code for _, _, code in rows} - {0} or ({ended.code} - {0})
    if codes:
        last = (ended.err.strip().splitlines() or [""])[-1]
        raise Failed(f"exit {min(codes)} {last}"[:60].strip())
    return [Sample(wall / 1000, cpu / 1000) for wall, cpu, _ in rows]


class Contest:
    """The same work done by several: one round of each in turn, so that all meet the same load."""

    def __init__(self, contestants):
        self.contestants = contestants  # {name: function that returns one Sample}
        self.samples = {name: [] for name in contestants}
        self.failures = {}

    def run(self, rounds):
        for _ in range(rounds):
            for name, measure in self.contestants.items():
                if name in self.failures:
                    continue
                try:
                    self.samples[name].append(measure())
                except Failed as failure:
                    self.failures[name] = str(failure)
        return self

    def cells(self, name):
        """median, least, and the most trustworthy on a busy machine: how often the bare cost."""
        if name in self.failures:
            return [self.failures[name], "", ""]
        walls = [sample.wall for sample in self.samples[name]]
        bare = [sample.wall for sample in self.samples["bare"]]
        return [f"{statistics.median(walls):.1f}", f"{min(walls):.1f}",
                f"{statistics.median(walls) / statistics.median(bare):.1f}"]


def show(title, header, rows):
    """A table whose columns line up; the first is to the left, as names are."""
    rows = [[str(cell) for cell in row] for row in rows]
    widths = [max(len(row[i]) for row in [header, *rows]) for i in range(len(header))]
    print(f"\n{title}   (load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores)")
    for row in [header, *rows]:
        print("  " + "  ".join(cell.ljust(width) if i == 0 else cell.rjust(width)
                               for i, (cell, width) in enumerate(zip(row, widths))), flush=True)
