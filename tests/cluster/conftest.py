# SPDX-License-Identifier: Apache-2.0
"""Fixtures of the many-host tests. VRUN_BUILD is the bin/ of the build under test."""

import contextlib
import os
import sys
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(SOURCE / "tools"))

import namespaces  # noqa: E402  (found by the line above)
from cluster import Cluster  # noqa: E402
from faults import LEASE  # noqa: E402

PROGRAMS = Path(os.environ.get("VRUN_BUILD", SOURCE / "build/debug/bin")).resolve()
EXAMPLES = PROGRAMS.parent / "examples"
ROOT = os.environ.get("VRUN_ROOT")  # another system as the root of the hosts
HELPERS = Path(__file__).resolve().parent / "helpers"


def pytest_collection_modifyitems(items):
    if reason := namespaces.why_not():
        for item in items:
            item.add_marker(pytest.mark.skip(reason=f"no pretended hosts: {reason}"))


@pytest.fixture(scope="session")
def interrupted():
    """SIGTERM ends us like Ctrl-C does: fixtures clean up."""
    import signal
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    yield
    signal.signal(signal.SIGTERM, before)


@pytest.fixture(scope="module")
def make_cluster(interrupted):
    """Cluster(…) with the build's programs and examples; gone when the file's tests are over."""
    with contextlib.ExitStack() as stack:
        def make(workers, **options):
            mounts = {"/srv/vrun/helpers": str(HELPERS)} | options.pop("mounts", {})
            cluster = Cluster(workers, PROGRAMS, EXAMPLES, mounts=mounts, root=ROOT, **options)
            clusters.append(cluster)
            return stack.enter_context(cluster)
        yield make
        clusters.clear()


@pytest.fixture(scope="module")
def four(make_cluster):
    """Four workers with five slots each, daemons running, and a master outside the DNS."""
    cluster = make_cluster(4)
    cluster.start_vrunds("--slots", "5")
    return cluster


@pytest.fixture(scope="module")
def trio(make_cluster):
    """Three workers, and daemons that soon give each other up."""
    cluster = make_cluster(3)
    cluster.start_vrunds("--slots", "5", "--lease", str(LEASE))
    return cluster


clusters = []  # for the report of a failed test


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport():
    outcome = yield
    report = outcome.get_result()
    if report.failed:
        for cluster in clusters:
            report.sections.append(("started on the hosts", cluster.logs()))
