# SPDX-License-Identifier: Apache-2.0
"""codespell over all text of ours. Words that it does not know but are right: see IGNORED."""

import subprocess

from sources import ROOT, files, report

IGNORED = "inout,ans,licence,statics,thrid"
names = [name for name in files("") if name != "LICENSE"]
done = subprocess.run(["codespell", "-L", IGNORED, "--ignore-regex", r"\\[nrt]", *names], cwd=ROOT, capture_output=True, text=True)
report(done.stdout.splitlines(), len(names))
