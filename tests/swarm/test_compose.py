# SPDX-License-Identifier: Apache-2.0
"""images/compose.yml, with the image of Debian 12."""

import re
import shutil

import pytest

from engine import DOCKER, SOURCE

COMPOSE = ["docker-compose"] if shutil.which("docker-compose") else [DOCKER, "compose"]
WORKERS = 3


@pytest.fixture(scope="module")
def compose(engine, image):
    def run(*arguments, **options):
        return engine.run(*COMPOSE, "--file", SOURCE / "images/compose.yml", "--project-name", "vrun-test",
                          *arguments, timeout=300, **options,
                          environment={"VRUN_IMAGE": image("debian12-openmpi"), "VRUN_SLOTS": "2"})
    try:
        run("up", "--detach", "--scale", f"worker={WORKERS}")
        yield run
    finally:
        run("down", "--volumes", check=False)


def test_hello(compose):
    ranks = WORKERS * 2
    ended = compose("exec", "-T", "master", "sh", "-c",
                    "mpicc -o hello /usr/local/share/doc/vrun/examples/hello.c && "
                    f"vrun --wait 60s -n {ranks} ./hello {ranks}")
    seen = re.findall(rf"rank \d+ of {ranks} on (\S+)", ended.out)
    assert len(seen) == ranks and len(set(seen)) == WORKERS


def test_the_key_is_made_once(compose):
    def key():
        return compose("exec", "-T", "worker", "sh", "-c", "stat -c '%a %u' /etc/vrun/key; cat /etc/vrun/key").out
    before = key()
    compose("up", "--detach", "--scale", f"worker={WORKERS + 1}")
    assert key() == before and before.startswith("600 1000")
    ended = compose("exec", "-T", "master", "vrun", "--wait", "60s", "-N", "1", "-n", str(WORKERS + 1),
                    "hostname")
    assert len(set(ended.out.split())) == WORKERS + 1
