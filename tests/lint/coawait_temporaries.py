# SPDX-License-Identifier: Apache-2.0
"""No temporaries in a co_await that GCC 12 frees twice (see the .query beside this file).

    coawait_temporaries.py CLANG_QUERY BUILD_DIRECTORY
"""

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from sources import ROOT, report

QUERY = Path(__file__).with_name("coawait_temporaries.query")
# clang 16 does not tell Asio that it knows coroutines; and it is not asked about warnings.
FLAGS = ["-DASIO_HAS_CO_AWAIT=1", "-DASIO_HAS_STD_COROUTINE=1", "-w", "-Wno-unknown-warning-option"]


def main():
    query, build = sys.argv[1:3]
    commands = json.loads(Path(build, "compile_commands.json").read_text())
    sources = sorted({entry["file"] for entry in commands
                      if entry["file"].endswith(".cpp") and "co_await" in Path(entry["file"]).read_text()})

    def problem_of(source):
        extra = [f"--extra-arg={flag}" for flag in FLAGS]
        done = subprocess.run([query, "-f", QUERY, "-p", build, *extra, source],
                              capture_output=True, text=True)
        name = os.path.relpath(source, ROOT)
        if done.returncode != 0 or "error:" in done.stdout + done.stderr:
            return f"{name}: clang-query failed:\n{done.stdout[-500:]}{done.stderr[-1500:]}"
        if "Match #" in done.stdout:
            return f"{name}: a temporary in a co_await; name it on the line above:\n{done.stdout}"
        return None

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        problems = [problem for problem in pool.map(problem_of, sources) if problem]
    report(problems, len(sources))


main()
