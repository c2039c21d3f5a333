# SPDX-License-Identifier: Apache-2.0
"""Limits on processes of pretended hosts: a control group with one controller, version 1 or 2.

Its members' children are born in it. Gone at the end of `with`, its members back where they were.
Where a machine does not let us make one, OSError: tests skip then.
"""

import contextlib
import itertools
import os
from pathlib import Path

ROOT = Path("/sys/fs/cgroup")
_serial = itertools.count(1)


class Cgroup:
    def __init__(self, controller):
        self._parent = ROOT / controller
        if not (self._parent / "cgroup.procs").exists():
            self._parent = ROOT
            (ROOT / "cgroup.subtree_control").write_text(f"+{controller}")
        self._path = self._parent / f"vrun-test-{os.getpid()}-{next(_serial)}"
        self._path.mkdir()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def add(self, pid):
        """The process alone, not what it started before. `pid` as we see it."""
        (self._path / "cgroup.procs").write_text(str(pid))

    def set(self, name, value):
        (self._path / name).write_text(str(value))

    def get(self, name):
        return (self._path / name).read_text().strip()

    def limit_cpu(self, share):
        """So much of one CPU, as a fraction."""
        period = 100_000
        if (self._path / "cpu.max").exists():
            return self.set("cpu.max", f"{int(period * share)} {period}")
        self.set("cpu.cfs_period_us", period)
        self.set("cpu.cfs_quota_us", int(period * share))

    def close(self):
        if not self._path.exists():
            return
        for pid in self.get("cgroup.procs").split():
            with contextlib.suppress(ProcessLookupError):
                (self._parent / "cgroup.procs").write_text(pid)
        self._path.rmdir()
