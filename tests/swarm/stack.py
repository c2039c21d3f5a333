# SPDX-License-Identifier: Apache-2.0
"""The cluster that images/vcluster makes, as tests see it: its master, its workers, its volume."""

import json
import os
import subprocess
from pathlib import Path

from engine import DOCKER, SOURCE, eventually

VCLUSTER = SOURCE / "images/vcluster"
SLOTS = 2


class Stack:
    def __init__(self, engine, image):
        self.engine = engine
        engine.environment |= {"VRUN_IMAGE": image, "VRUN_SLOTS": str(SLOTS)}

    def vcluster(self, *arguments, check=True, **options):
        return self.engine.run(VCLUSTER, *arguments, check=check, timeout=600, **options)

    def containers(self, service):
        """Ids of those that run."""
        label = f"label=com.docker.swarm.service.name=vrun_{service}"
        return self.engine.docker("ps", "--quiet", "--no-trunc", "--filter", label).out.split()

    def master(self):
        """The master's container, once its daemon answered."""
        def healthy():
            return self.engine.docker(
                "ps", "--quiet", "--no-trunc", "--filter", "health=healthy", "--filter",
                "label=com.docker.swarm.service.name=vrun_master").out.split()
        return eventually(healthy, 120, "a healthy master")[0]

    def run(self, *command, timeout=300, **options):
        """A command on the master."""
        return self.engine.docker("exec", self.master(), *command, timeout=timeout, **options)

    def start(self, *command):
        """The same in the background."""
        return self.engine.spawn(DOCKER, "exec", self.master(), *command,
                                 stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def everything(self, *command):
        """What Docker lists of the stack by such a command, each by its id."""
        return set(self.engine.docker(*command, "--quiet", "--no-trunc", "--filter",
                                      "label=com.docker.stack.namespace=vrun").out.split())

    def hosts(self):
        """{name: address} of the workers that are up."""
        listed = json.loads(self.run("vrunctl", "hosts", "--json").out)["hosts"]
        return {host["name"]: host["address"] for host in listed if host["state"] == "up"}

    @property
    def project(self):
        """/project, from here."""
        return Path(self.engine.docker("volume", "inspect", "--format", "{{.Mountpoint}}",
                                       "vrun_project").out.strip())

    def gate(self, name):
        return Gate(self.project / name)


class Gate:
    """Ranks wait at it until it is opened, without a clock: a FIFO in the volume that all share."""

    def __init__(self, path):
        self.path = path
        self.words = ("sh", "-c", "touch $0.$VRUN_NODE.$VRUN_RANK; exec cat $0",
                      f"/project/{path.name}")
        os.mkfifo(path)
        os.chmod(path, 0o666)

    def wait_for(self, ranks):
        return eventually(lambda: len(list(self.path.parent.glob(f"{self.path.name}.*"))) >= ranks,
                          120, f"{ranks} ranks at {self.path.name}")

    def open(self):
        """Whoever waits goes on; whoever comes later finds an empty file."""
        writer = os.open(self.path, os.O_RDWR)
        empty = self.path.with_suffix(".open")
        empty.touch()
        empty.rename(self.path)
        os.close(writer)
