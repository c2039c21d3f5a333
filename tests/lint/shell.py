# SPDX-License-Identifier: Apache-2.0
"""shell.py SHELLCHECK: every shell script of ours is clean. What has to differ says why, beside it."""

import subprocess
import sys

from sources import ROOT, files, report


def is_shell(name):
    with (ROOT / name).open("rb") as file:
        first = file.readline()
    return first.startswith(b"#!") and first.rstrip().endswith((b"/sh", b"/bash"))


scripts = [name for name in files("") if is_shell(name)]
found = subprocess.run([sys.argv[1], "--format=gcc", *scripts], cwd=ROOT, capture_output=True, text=True)
report(found.stdout.splitlines(), len(scripts))
