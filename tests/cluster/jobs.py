# SPDX-License-Identifier: Apache-2.0
"""What the tests ask of a job's output. An exit code of 0 alone proves nothing about MPI."""

import re
from collections import Counter
from pathlib import Path

HELLO = "/srv/vrun/examples/openmpi/hello"
MPICH_HELLO = "/srv/vrun/examples/mpich/hello"
PYTHON = "/usr/bin/python3"  # Debian's, which has mpi4py

hello_line = re.compile(r"^rank (\d+) of (\d+) on (\S+)$")


def vrun(host, *arguments, **options):
    return host.run(["vrun", *map(str, arguments)], **options)


def hosts_of(output):
    """{rank: host} from the lines of hello; every line must be one, and whole."""
    found, sizes = {}, set()
    for line in output.splitlines():
        match = hello_line.match(line)
        assert match, f"not a line of hello: {line!r}"
        assert int(match[1]) not in found, f"twice: {line!r}"
        found[int(match[1])] = match[3]
        sizes.add(int(match[2]))
    assert sizes <= {len(found)}, f"{len(found)} ranks said hello, but they see jobs of {sizes}"
    return found


def assert_hello(ended, ranks, per_host):
    """All ranks are one job, and the hosts have so many each: {"w1": 5, …}."""
    assert ended.code == 0, ended
    found = hosts_of(ended.out)
    assert sorted(found) == list(range(ranks)), ended
    assert Counter(found.values()) == Counter(per_host)


def mpich_hangs_in_finalize(host):
    """MPICH before 4.2 over UCX's TCP may wait for ever in MPI_Finalize, under its own mpiexec as
    well: a rank that waits at PMI's barrier does not answer the last flush of its neighbours
    (pmodels/mpich pull request 6596). All that can be asked of such a job is its result."""
    version = re.search(r"MPICH Version:\s*(\d+)\.(\d+)", host.run(["mpichversion"]).out)
    return tuple(map(int, version.groups())) < (4, 2)


def memory_of(process):
    """What it has in memory, in KiB."""
    return int(re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{process.pid}/status").read_text())[1])
