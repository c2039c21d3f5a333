# SPDX-License-Identifier: Apache-2.0
"""Where the lines of command_lines.py run: a host on which mpirun and mpiexec.hydra are vrun.

With VRUN_STOCK=1 they are the stock launchers of Debian 12 instead (mpirun.openmpi and mpiexec.hydra):
whoever changes the table shows so that it is true. Not in CI: mpirun sometimes hangs.
"""

import os
import shlex

import pytest

from command_lines import FILES
from host import HOME, PLAIN_USER
from jobs import PYTHON

STOCK = os.environ.get("VRUN_STOCK")
TOOLS = {"mpirun": "/usr/bin/mpirun.openmpi", "mpiexec": "/usr/bin/mpiexec.openmpi",
         "mpiexec.hydra": "/usr/bin/mpiexec.hydra"}
FOLDER = f"/srv/{PLAIN_USER}/lines"


@pytest.fixture(scope="module")
def host(make_cluster):
    host = make_cluster(1).workers[0]
    script = [f"mkdir -p {FOLDER}/bin", f"ln -sf {PYTHON} {FOLDER}/bin/python3"]
    for name, stock in TOOLS.items():
        script.append(f"ln -sf {HOME}/bin/vrun {FOLDER}/bin/{name}")
        if STOCK:  # a script: mpiexec.hydra looks for its proxy beside what it was called by
            script += [f"rm {FOLDER}/bin/{name}",
                       f"printf '#!/bin/sh\\nexec {stock} \"$@\"\\n' > {FOLDER}/bin/{name}",
                       f"chmod +x {FOLDER}/bin/{name}"]
    for name, text in FILES.items():
        script.append(f"printf %s {shlex.quote(text)} > {FOLDER}/{name}")
    script.append(f"chmod +x {FOLDER}/who")
    made = host.run(["sh", "-ec", "\n".join(script)], user=PLAIN_USER)
    assert made.code == 0, made
    if not STOCK:  # with a daemon around a line takes a third of the time
        host.start_vrund("--slots", "2")
    return host


def run(host, line):
    command = f"PATH={FOLDER}/bin:$PATH; {line}"
    return host.run(["sh", "-c", command], user=PLAIN_USER, cwd=FOLDER, timeout=120)


def assert_does_what_it_did(host, line, code, lines):
    ended = run(host, line)
    assert ended.code == code, ended
    assert sorted(ended.out.splitlines()) == sorted(lines), ended
