# SPDX-License-Identifier: Apache-2.0
"""Somebody who watches the hosts, as the tests of sources do."""

import contextlib
import json
import signal

from host import eventually

SOON = 60  # seconds; what takes one on an idle machine


class Watching:
    """`vrunctl hosts --watch --json`, and the newest list of it."""

    def __init__(self, host):
        self.process = host.start(["vrunctl", "hosts", "--watch", "--json"])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stop(signal.SIGKILL)

    def newest(self):
        for text in reversed(self.process.out.split("\n\n")):
            with contextlib.suppress(json.JSONDecodeError):  # not whole yet
                return json.loads(text)
        return {"hosts": [], "problems": []}

    def up(self):
        return sorted(host["name"] for host in self.newest()["hosts"] if host["state"] == "up")

    def wait_for(self, up, problem=""):
        """Until these are up, and there is a problem with these words; "": none at all."""
        def is_so():
            problems = " ".join(self.newest()["problems"])
            return self.up() == up and (problem in problems if problem else not problems)
        try:
            eventually(is_so, SOON)
        except TimeoutError:
            raise AssertionError(f"not {up} with {problem!r}: {self.newest()}\n"
                                 f"{self.process.err}") from None
