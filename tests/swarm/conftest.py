# SPDX-License-Identifier: Apache-2.0
"""Fixtures of the tests in a real Docker Swarm: one engine, and the images that can be built here."""

import os
import signal

import pytest

import engine as engines
from engine import Engine, SOURCE

CACHE = os.environ.get("VRUN_SWARM_CACHE", engines.DEFAULT_CACHE)


def pytest_collection_modifyitems(items):
    if reason := engines.why_not():
        for item in items:
            item.add_marker(pytest.mark.skip(reason=f"no Docker Engine: {reason}"))


@pytest.fixture(scope="session")
def engine():
    """Its end also comes when ctest says TERM."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    with Engine(CACHE) as engine:
        engine.import_bases()
        yield engine
        engine.prune()
    signal.signal(signal.SIGTERM, before)


@pytest.fixture(scope="session")
def image(engine):
    """image(NAME): the tag of images/build NAME, built when it is first asked for.

    VRUN_SWARM_BUILD=no takes those of the last time, to work on what is around them."""
    def build(name):
        if name not in built and os.environ.get("VRUN_SWARM_BUILD") != "no":
            engine.run("nice", SOURCE / "images/build", name, "--progress", "plain", timeout=2400)
            built.add(name)
        return f"vrun:{name}"
    built = set()
    return build


@pytest.fixture(scope="session")
def inside(engine):
    """inside(IMAGE, SCRIPT, OPTION...): what a container prints that runs vrund and this."""
    def run(image, script, *options, check=True):
        return engine.docker("run", "--rm", "--network", "none", *options, image, "--",
                             "sh", "-ec", script, check=check, timeout=300)
    return run
