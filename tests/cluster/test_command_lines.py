# SPDX-License-Identifier: Apache-2.0
"""vrun in place of mpirun: the lines of command_lines.py, the same ranks, output and codes."""

import pytest

from command_lines import OPEN_MPI
from line_host import STOCK, assert_does_what_it_did, host, run  # noqa: F401  (host is a fixture)


@pytest.mark.parametrize("line, code, lines", OPEN_MPI, ids=lambda value: str(value)[:60])
def test_a_line_does_what_it_did(host, line, code, lines):
    assert_does_what_it_did(host, line, code, lines)


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
