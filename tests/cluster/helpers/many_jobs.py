# SPDX-License-Identifier: Apache-2.0
"""Many short jobs, each with the exit code that it is to have, from inside a host:

    many_jobs.py HOSTS row COUNT STREAMS     one after the other, in so many rows side by side
    many_jobs.py HOSTS at_once COUNT         all there before the first one ends

HOSTS are two, for --host.

Of a hundred, ten fail, two are interrupted (a tenth of those at once), and ten run on both hosts.
The last line is how many of each kind there were; before it, what went wrong. Exits 1 if something did.
"""

import signal
import subprocess
import sys
import threading
from collections import Counter

ONE, BOTH = ["-n", "1"], ["-n", "2", "-H", sys.argv[1]]
FAILURE, INTERRUPTED = 7, 128 + signal.SIGINT
UP = "echo up; "  # so that we know that it runs
SECONDS_MAX = 120.0


def kind_of(number, interrupted_each):
    if number % interrupted_each == 9:
        return "interrupted"
    return {3: "failing", 5: "both"}.get(number % 10, "plain")


PLANS = {  # kind: (where, in a row, at once, exit code, lines of `up`)
    "plain": (ONE, ["true"], ["sh", "-c", UP + "exec cat"], 0, 1),
    "failing": (ONE, ["sh", "-c", f"exit {FAILURE}"],
                ["sh", "-c", f"{UP}cat; exit {FAILURE}"], FAILURE, 1),
    "both": (BOTH, ["true"], ["sh", "-c", UP + "exec cat"], 0, 2),
    "interrupted": (ONE, ["sh", "-c", UP + "exec sleep 1000"],
                    ["sh", "-c", UP + "exec sleep 1000"], INTERRUPTED, 1),
}


class Job:
    def __init__(self, kind, at_once):
        self.kind, self.at_once = kind, at_once
        where, in_a_row, held, self.code, self.ups = PLANS[kind]
        self.vrun = subprocess.Popen(["vrun", *where, *(held if at_once else in_a_row)],
                                     stdin=subprocess.PIPE if at_once else subprocess.DEVNULL,
                                     stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def wait_until_up(self):
        if self.at_once or self.kind == "interrupted":
            for _ in range(self.ups):
                self.vrun.stdout.readline()

    def end(self):
        """What is wrong with how it ended, or nothing."""
        if self.kind == "interrupted":
            self.vrun.send_signal(signal.SIGINT)
        try:
            _, errors = self.vrun.communicate(timeout=SECONDS_MAX)
        except subprocess.TimeoutExpired:
            self.vrun.kill()
            return f"{self.kind}: still there after {SECONDS_MAX:g} s: {self.vrun.communicate()}"
        if self.vrun.returncode == self.code:
            return None
        return f"{self.kind}: exit code {self.vrun.returncode}: {errors}"


def row(numbers, wrong):
    for number in numbers:
        job = Job(kind_of(number, 50), at_once=False)
        job.wait_until_up()
        if problem := job.end():
            wrong.append(f"job {number}: {problem}")


def in_rows(count, streams):
    wrong = []
    threads = [threading.Thread(target=row, args=(range(first, count, streams), wrong))
               for first in range(streams)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return Counter(kind_of(number, 50) for number in range(count)), wrong


def at_once(count):
    jobs = []
    for first in range(0, count, 20):  # all stay, but not all start in the same moment
        jobs += [Job(kind_of(number, 10), at_once=True) for number in range(first, min(first + 20, count))]
        for job in jobs[first:]:
            job.wait_until_up()
    return Counter(job.kind for job in jobs), [problem for job in jobs if (problem := job.end())]


def main():
    counts = [int(word) for word in sys.argv[3:]]
    kinds, wrong = {"row": in_rows, "at_once": at_once}[sys.argv[2]](*counts)
    for problem in wrong[:10]:
        print(problem)
    print(f"{len(wrong)} wrong of", ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items())))
    sys.exit(1 if wrong else 0)


main()
