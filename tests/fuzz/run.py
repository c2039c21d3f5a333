#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Runs every fuzz target for a while and says how much it tried.

    run.py DIRECTORY [--seconds 60] [TARGET...]

No input may crash a decoder, make it take 64 MB at once, or keep it busy for a second. First the
planted faults: what does not find them would find nothing. An input that fails is kept in
DIRECTORY/../findings; run it again with DIRECTORY/fuzz_TARGET FILE.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

CORPUS = Path(__file__).with_name("corpus")
LIMITS = ["-timeout=1", "-malloc_limit_mb=64", "-rss_limit_mb=1024", "-max_len=16384"]
SECONDS_MAX = 1.0  # of the processor, for one input
EXECUTIONS_MIN = 100  # even where the machine has much else to do
PLANTED = {  # what libFuzzer says of each fault in planted.cpp
    "crash": "AddressSanitizer: heap-buffer-overflow",
    "allocation": "out-of-memory (malloc(",
    "delay": "timeout after",
    "lie": "does not hold: a promise",
}
ENVIRONMENT = os.environ | {"ASAN_OPTIONS": "quarantine_size_mb=16", "UBSAN_OPTIONS": "print_stacktrace=1"}


class Run(NamedTuple):
    target: str
    text: str  # all that libFuzzer said
    problem: str  # empty: none
    artifact: str

    def stat(self, name):
        found = re.findall(rf"^stat::{name}:\s+(\d+)", self.text, re.M)
        return sum(map(int, found[:1]))


def cpu_seconds(program, artifact):
    """How long the processor needs for one input: the clock also counts what others do."""
    child = subprocess.Popen([program, "-timeout=600", artifact], env=ENVIRONMENT,
                             stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    usage = os.wait4(child.pid, 0)[2]
    return usage.ru_utime + usage.ru_stime


def fuzz(program, seeds, findings, seconds):
    """One target for so long, or to its first finding."""
    target = program.name.removeprefix("fuzz_")
    findings.mkdir(exist_ok=True)
    end = time.monotonic() + seconds
    with tempfile.TemporaryDirectory(prefix="vrun-fuzz.") as corpus:
        shutil.copytree(seeds, corpus, dirs_exist_ok=True)
        text = ""
        while True:
            left = max(1, round(end - time.monotonic()))
            prefix = f"{findings}/{target}-"
            done = subprocess.run([program, *LIMITS, f"-max_total_time={left}", "-print_final_stats=1",
                                   f"-artifact_prefix={prefix}", corpus],
                                  env=ENVIRONMENT, capture_output=True, text=True, errors="replace")
            text += done.stderr
            if done.returncode == 0:
                return Run(target, text, "", "")
            artifact = (re.findall(r"Test unit written to (\S+)", done.stderr) or [""])[-1]
            problem = (re.findall(r"ERROR: (.*)|(does not hold: .*)|runtime error: (.*)", done.stderr)
                       or [("ended with code " + str(done.returncode),)])[0]
            is_slow = any("timeout" in words for words in problem) and artifact
            if is_slow and cpu_seconds(program, artifact) <= SECONDS_MAX:
                Path(artifact).unlink()  # not the input: the machine was busy
                if time.monotonic() < end:
                    continue
                return Run(target, text, "", "")
            return Run(target, text, "".join(problem), artifact)


def missed_faults(directory, findings):
    """The planted faults that are not found."""
    with tempfile.TemporaryDirectory(prefix="vrun-fuzz.") as seeds:
        Path(seeds, "seed").write_text("B")
        for fault, words in PLANTED.items():
            run = fuzz(directory / f"fuzz_planted_{fault}", seeds, findings, 60)
            if run.artifact:
                Path(run.artifact).unlink()
            if words not in run.text or not run.problem:
                yield f"planted {fault}: not found\n{run.text[-2000:]}"


def report(run):
    print(f"{run.target:<14}{run.stat('number_of_executed_units'):>12}"
          f"{run.stat('new_units_added'):>12}{run.stat('peak_rss_mb'):>10}  {run.problem or 'no problem'}",
          flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("directory", type=Path)
    parser.add_argument("--seconds", type=int, default=60, help="for each target")
    parser.add_argument("--seed", default="1", help="0: another one each time")
    parser.add_argument("targets", nargs="*")
    options = parser.parse_intermixed_args()
    LIMITS.append(f"-seed={options.seed}")  # the same for all: a failure is a change, not luck
    directory = options.directory.resolve()
    findings, seeds = directory.parent / "findings", directory.parent / "seeds"
    shutil.rmtree(seeds, ignore_errors=True)
    subprocess.run([directory / "fuzz_seeds", seeds], check=True)
    shutil.copytree(CORPUS, seeds, dirs_exist_ok=True)

    problems = list(missed_faults(directory, findings))
    print(f"{len(PLANTED) - len(problems)} of {len(PLANTED)} planted faults found", flush=True)
    programs = [path for path in sorted(directory.glob("fuzz_*"))
                if path.name != "fuzz_seeds" and "planted" not in path.name
                and (not options.targets or path.name.removeprefix("fuzz_") in options.targets)]
    print(f"{'target':<14}{'executions':>12}{'new inputs':>12}{'peak MB':>10}", flush=True)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for run in pool.map(lambda program: fuzz(
                program, seeds / program.name.removeprefix("fuzz_"), findings, options.seconds), programs):
            report(run)
            if run.problem:
                problems.append(f"{run.target}: {run.problem}\n  {run.artifact}\n{run.text[-6000:]}")
            elif run.stat("number_of_executed_units") < EXECUTIONS_MIN:
                problems.append(f"{run.target}: too few executions to say anything\n{run.text[-2000:]}")
    if not programs:
        problems.append("nothing was fuzzed")
    print("\n".join(problems))
    sys.exit(1 if problems else 0)


main()
