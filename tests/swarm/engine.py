# SPDX-License-Identifier: Apache-2.0
"""A Docker Engine of our own, apart from the machine's: own processes, network, mounts and /run.

dockerd is the first process of its PID namespace: its end takes every container along, and bridges
and firewall rules go with the network namespace. slirp4netns leads from there to the world, for
builds. Only images stay, in a directory for the next time. Root, and one user of it at a time.
"""

import contextlib
import fcntl
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(SOURCE / "tools"))

import namespaces  # noqa: E402  (found by the line above)
from host import Ended, eventually  # noqa: E402

DOCKER = "/usr/bin/docker"  # Debian's: another one in PATH may not suit this daemon
CGROUP = "vrun-swarm"
BASES = {"debian:trixie-slim": "trixie", "debian:bookworm-slim": "bookworm"}
DEFAULT_CACHE = "/var/tmp/vrun-swarm"
STORAGE_MAX = "8GB"  # of builds, for the next time

# $1: where images are kept; $2: the directory of the socket. The network comes with the word "go".
START = """
mount --make-rprivate /
mount -t tmpfs tmpfs /run
ip link set lo up
echo ready
read -r go
exec docker-init -- dockerd --data-root "$1" --exec-root /run/docker --pidfile /run/docker.pid \
    --host "unix://$2/docker.sock" --dns 10.0.2.3 --log-level error --shutdown-timeout 5 \
    --exec-opt native.cgroupdriver=cgroupfs --cgroup-parent /%s --storage-driver overlay2
""" % CGROUP


class Engine:
    """`with Engine(directory) as engine: engine.docker("ps")`"""

    def __init__(self, cache):
        self.cache = Path(cache)
        self.cache.mkdir(parents=True, exist_ok=True)
        self.directory = Path(tempfile.mkdtemp(prefix="vrun-swarm."))
        self.environment = {name: os.environ[name] for name in ("PATH", "HOME")
                            if name in os.environ}
        self.environment |= {"DOCKER_HOST": f"unix://{self.directory}/docker.sock"}
        self.environment["PATH"] = f"{Path(DOCKER).parent}:{self.environment['PATH']}"
        self.stack = contextlib.ExitStack()
        self.stack.callback(shutil.rmtree, self.directory, ignore_errors=True)
        try:
            self._lock()
            self._start()
        except BaseException:
            self.stack.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.stack.close()

    def docker(self, *arguments, check=True, timeout=120, **options):
        return self.run(DOCKER, *arguments, check=check, timeout=timeout, **options)

    def run(self, *command, check=True, timeout=120, environment=None, **options):
        """A command that talks to this engine. Nothing is waited for without end."""
        ended = subprocess.run([str(word) for word in command], capture_output=True, text=True,
                               timeout=timeout, env=self.environment | (environment or {}),
                               **{"stdin": subprocess.DEVNULL} | options)
        ended = Ended(ended.returncode, ended.stdout, ended.stderr)
        assert ended.code == 0 or not check, f"{' '.join(map(str, command))}: {ended}\n{self.log()}"
        return ended

    def spawn(self, *command, **options):
        """The same in the background."""
        return subprocess.Popen([str(word) for word in command], text=True, env=self.environment,
                                **{"stdin": subprocess.DEVNULL} | options)

    def log(self, lines=30):
        """The end of what dockerd said."""
        return "\n".join((self.directory / "log").read_text().splitlines()[-lines:])

    def import_bases(self):
        """debian:…-slim, as mmdebstrap makes them: no registry is asked."""
        known = self.docker("images", "--format", "{{.Repository}}:{{.Tag}}").out.split()
        missing = [name for name in BASES if name not in known]
        with ThreadPoolExecutor() as pool:  # they mostly wait for the network
            list(pool.map(self._import_base, missing))

    def prune(self):
        """Forgets what no image needs, and builds beyond the limit (not by `system prune`: it takes
        all builds, and the compiler's cache with them)."""
        for kind in ("container", "network", "volume", "image"):
            self.docker(kind, "prune", "--force", timeout=300, check=False)
        self.docker("builder", "prune", "--force", "--keep-storage", STORAGE_MAX, timeout=300,
                    check=False)

    def cpu_seconds(self):
        """What all containers have used."""
        version1 = Path("/sys/fs/cgroup/cpuacct") / CGROUP / "cpuacct.usage"
        if version1.exists():
            return int(version1.read_text()) / 1e9
        stat = Path("/sys/fs/cgroup") / CGROUP / "cpu.stat"
        return int(dict(line.split() for line in stat.read_text().splitlines())["usage_usec"]) / 1e6

    # -- how it starts ---------------------------------------------------------------------------

    def _lock(self):
        lock = self.stack.enter_context((self.cache / "lock").open("w"))
        eventually(lambda: _try_lock(lock), 60, f"another test to leave {self.cache}")

    def _start(self):
        data = self.cache / "docker"
        for name in ("swarm", "containers", "network", "volumes"):  # of a test that was killed
            shutil.rmtree(data / name, ignore_errors=True)
        self.stack.callback(_remove_cgroups)
        log = self.stack.enter_context((self.directory / "log").open("w"))
        daemon = subprocess.Popen(
            ["unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc",
             "sh", "-euc", START, "sh", str(data), str(self.directory)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True,
            env=self.environment, preexec_fn=namespaces.die_with_parent)
        self.stack.callback(_end, daemon)
        assert daemon.stdout.readline() == "ready\n", self.log()
        self._connect(daemon, log)
        daemon.stdin.write("go\n")
        daemon.stdin.flush()
        eventually(lambda: self._is_up(daemon), 120, f"dockerd, which said: {self.log()}")

    def _connect(self, daemon, log):
        """tap0 in the daemon's network namespace, and from there to where we can go."""
        ready, tell = os.pipe()
        network = subprocess.Popen(
            ["slirp4netns", "--configure", "--disable-host-loopback", f"--ready-fd={tell}",
             str(daemon.pid), "tap0"],
            stdout=log, stderr=log, pass_fds=[tell], preexec_fn=namespaces.die_with_parent)
        self.stack.callback(_kill, network)
        os.close(tell)
        with open(ready, "rb") as answer:
            assert answer.read(1) == b"1", self.log()

    def _is_up(self, daemon):
        assert daemon.poll() is None, f"dockerd ended: {self.log()}"
        return self.docker("info", check=False).code == 0

    def _import_base(self, name):
        suite = BASES[name]
        tar = self.cache / f"{suite}.tar"
        if not tar.exists():
            fresh = tar.with_suffix(".new")
            self.run("mmdebstrap", "--quiet", "--format=tar", "--variant=minbase", suite, fresh, timeout=1200)
            fresh.rename(tar)
        self.docker("import", tar, name, timeout=300)


def why_not():
    """Why no engine can be started here, or None."""
    if reason := namespaces.why_not():
        return reason
    if not Path("/dev/net/tun").exists():
        return "no /dev/net/tun"
    return None


def _try_lock(file):
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _kill(process):
    process.kill()
    process.wait()


def _end(daemon):
    """Politely, so that what is kept is whole; the namespace's end is the end of what is left."""
    children = Path(f"/proc/{daemon.pid}/task/{daemon.pid}/children").read_text().split()
    for child in children:
        os.kill(int(child), signal.SIGTERM)
    try:
        daemon.wait(60)
    except subprocess.TimeoutExpired:
        _kill(daemon)


def _remove_cgroups():
    """What containers leave when their engine ends; of all hierarchies."""
    for top in [*Path("/sys/fs/cgroup").glob(f"*/{CGROUP}"), Path("/sys/fs/cgroup") / CGROUP]:
        for directory, _, _ in os.walk(top, topdown=False):
            with contextlib.suppress(OSError):
                os.rmdir(directory)
