# SPDX-License-Identifier: Apache-2.0
"""The files of ours that lints look at."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def files(*suffixes, beside=()):
    """Paths from the root, without those that begin with one of `beside`.

    What git knows and what it does not ignore; where there is no git, everything but build/.
    """
    listing = subprocess.run(["git", "ls-files", "--cached", "--others", "--exclude-standard"],
                             cwd=ROOT, capture_output=True, text=True)
    if listing.returncode == 0:
        names = set(listing.stdout.splitlines())
    else:
        names = {str(path.relative_to(ROOT)) for path in ROOT.rglob("*")}
        names = {name for name in names if not name.startswith(("build", "."))}
    return sorted(name for name in names if name.endswith(suffixes)
                  and not name.startswith(tuple(beside)) and (ROOT / name).is_file())


def report(problems, checked):
    """Prints them and exits: 1 if there is one. A lint that found nothing to check is broken."""
    for problem in problems:
        print(problem)
    if not checked:
        print("nothing was checked: does this lint look in the right place?")
    print(f"{checked} checked, {len(problems)} problems")
    sys.exit(1 if problems or not checked else 0)
