# SPDX-License-Identifier: Apache-2.0
"""Every header compiles when it is the first to be included: it brings what it needs.

    headers_alone.py OUTPUT_DIRECTORY COMPILER FLAG...
"""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from sources import ROOT, files, report


def main():
    directory, command = Path(sys.argv[1]), sys.argv[2:]
    directory.mkdir(parents=True, exist_ok=True)

    def problem_of(name):
        alone = directory / (name.replace("/", "_") + ".cpp")
        text = f'#include "{name}"\n'
        if not alone.exists() or alone.read_text() != text:
            alone.write_text(text)
        done = subprocess.run([*command, f"-I{ROOT}", "-c", alone, "-o", alone.with_suffix(".o")],
                              capture_output=True, text=True)
        return None if done.returncode == 0 else f"{name} does not compile alone:\n{done.stderr[:2000]}"

    headers = files(".hpp")
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        problems = [problem for problem in pool.map(problem_of, headers) if problem]
    report(problems, len(headers))


main()
