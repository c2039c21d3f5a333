# SPDX-License-Identifier: Apache-2.0
"""The code is as .clang-format has it:   format.py CLANG_FORMAT   (repair: CLANG_FORMAT -i FILE)"""

import re
import subprocess
import sys

from sources import ROOT, files, report

names = files(".hpp", ".cpp", ".c")
done = subprocess.run([sys.argv[1], "--dry-run", *names], cwd=ROOT, capture_output=True, text=True)
wrong = sorted(set(re.findall(r"^([^:\n]+):\d+:\d+: ", done.stderr, re.M)))
report([f"{name}: run {sys.argv[1]} -i {name}" for name in wrong], len(names))
