# SPDX-License-Identifier: Apache-2.0
"""vrun in place of mpirun and mpiexec.hydra: the lines of command_lines.py, the same ranks and codes.

With VRUN_STOCK=1 the lines go to the stock launchers of Debian 12 instead (mpirun.openmpi and
mpiexec.hydra): whoever changes the table shows so that it is true. Not in CI: mpirun sometimes hangs.
"""

import os
import shlex

import pytest

from command_lines import FILES, HYDRA, OPEN_MPI
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
    return host


def run(host, line):
    command = f"PATH={FOLDER}/bin:$PATH; {line}"
    return host.run(["sh", "-c", command], user=PLAIN_USER, cwd=FOLDER, timeout=120)


@pytest.mark.parametrize("line, code, lines", OPEN_MPI + HYDRA, ids=lambda value: str(value)[:60])
def test_a_line_does_what_it_did(host, line, code, lines):
    ended = run(host, line)
    assert ended.code == code, ended
    assert sorted(ended.out.splitlines()) == sorted(lines), ended


@pytest.mark.skipif(bool(STOCK), reason="about vrun")
def test_messages_begin_with_the_name_that_was_typed(host):
    assert run(host, "mpirun --nosuch").err.startswith("mpirun: --nosuch")
    assert run(host, "mpiexec.hydra -n x true").err.startswith("mpiexec.hydra: -n x")
    noted = run(host, "mpiexec.hydra -launcher ssh -n 1 true").err
    assert noted.startswith("mpiexec.hydra: -launcher: vrund is there already"), noted
    assert run(host, "mpiexec.hydra -q -launcher ssh -n 1 true").err == ""


@pytest.mark.skipif(bool(STOCK), reason="about vrun")
def test_the_environment_is_shown(host):
    ended = run(host, "env A=1 SLURM_PROCID=3 mpirun --display env -x B=2 -np 1 printenv B")
    assert ended.code == 0, ended
    shown, kept = ended.out.split("kept back:")
    assert "  A=1\n" in shown and "  B=2\n" in shown and "SLURM_PROCID" not in shown, ended
    assert "  SLURM_PROCID\n" in kept and kept.endswith("\n2\n"), ended
