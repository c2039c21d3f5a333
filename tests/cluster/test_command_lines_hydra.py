# SPDX-License-Identifier: Apache-2.0
"""vrun in place of mpiexec.hydra: the lines of command_lines.py, the same ranks, output and codes."""

import pytest

from command_lines import HYDRA
from line_host import assert_does_what_it_did, host  # noqa: F401  (host is a fixture)


@pytest.mark.parametrize("line, code, lines", HYDRA, ids=lambda value: str(value)[:60])
def test_a_line_does_what_it_did(host, line, code, lines):  # noqa: F811
    assert_does_what_it_did(host, line, code, lines)
