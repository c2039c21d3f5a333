# SPDX-License-Identifier: Apache-2.0
"""One pretended host: own network, host name, processes, /tmp, /run and /dev/shm, as in a container.

A small holder process is PID 1 of the host and keeps its namespaces; killing it ends every process
of the host, and it dies with us, so that nothing outlives a killed test.
"""

import contextlib
import os
import pwd
import re
import signal
import socket
import subprocess
import time
from collections import Counter
from pathlib import Path
from typing import NamedTuple

import namespaces as ns

INSIDE = ns.CLONE_NEWNS | ns.CLONE_NEWUTS | ns.CLONE_NEWIPC | ns.CLONE_NEWNET
HOME = Path("/srv/vrun")  # in every host: bin/, examples/, key
PATH = f"{HOME}/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
PLAIN_USER = "alice"  # known in every host
PLAIN_UID = 4242


def eventually(condition, timeout=20.0, what="the condition"):
    """The first true value of condition(), asked again until the deadline."""
    deadline = time.monotonic() + timeout
    while not (value := condition()):
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited {timeout:g} s in vain for {what}")
        time.sleep(0.01)
    return value


class Ended(NamedTuple):
    """How a command ended. A code below 0 is a signal, as in subprocess."""
    code: int
    out: str
    err: str


class HostProcess(NamedTuple):
    pid: int  # as the host sees it
    parent: int
    state: str
    name: str
    command: str


class Process:
    """A command in the background of a host; its output goes to files, so it never blocks us."""

    def __init__(self, host, command, **options):
        self.host, self.command = host, command
        stem = host.cluster.directory / f"{host.name}-{next(host.cluster.serial)}-{Path(command[0]).name}"
        self.out_path, self.err_path = stem.with_suffix(".out"), stem.with_suffix(".err")
        with self.out_path.open("wb") as out, self.err_path.open("wb") as err:
            options = {"stdin": subprocess.DEVNULL, "stdout": out, "stderr": err} | options
            self.popen = host.popen(command, **options)

    out = property(lambda self: self.out_path.read_text(errors="replace"))
    err = property(lambda self: self.err_path.read_text(errors="replace"))
    pid = property(lambda self: self.popen.pid)  # as we see it

    def poll(self):
        return self.popen.poll()

    def send_signal(self, number):
        self.popen.send_signal(number)

    def wait(self, timeout=60.0):
        try:
            return self.popen.wait(timeout)
        except subprocess.TimeoutExpired:
            raise TimeoutError(f"{self} still runs after {timeout:g} s\n{self.out}\n{self.err}") from None

    def wait_for(self, text, timeout=30.0):
        """Until the text is in its output."""
        def seen():
            if text in self.out or text in self.err:
                return True
            if self.poll() is not None and text not in self.out + self.err:
                raise AssertionError(f"{self} ended with {self.poll()} and never said {text!r}:\n"
                                     f"{self.out}\n{self.err}")
            return False
        try:
            eventually(seen, timeout, f"{text!r}")
        except TimeoutError as error:
            raise TimeoutError(f"{error} from {self}\n{self.out}\n{self.err}") from None

    def stop(self, number=signal.SIGTERM, timeout=20.0):
        """Signals it, and kills its process group if it does not listen. Its exit code."""
        if self.poll() is None:
            self.send_signal(number)
            try:
                return self.popen.wait(timeout)
            except subprocess.TimeoutExpired:
                os.killpg(self.pid, signal.SIGKILL)
        return self.popen.wait()

    def __str__(self):
        return f"{' '.join(self.command)!r} on {self.host.name}"


class Host:
    """Made by a Cluster only. `environment` is given to every command, as a container's would be."""

    def __init__(self, cluster, name, address=None, gateway_address=None, root=None):
        self.cluster, self.name = cluster, name
        self.address, self.gateway_address = address, gateway_address
        self.environment = {}
        self.started = []
        self._children = []
        self.vrund = None
        self._descriptors_at_start = None
        self.holder, self._ready = _fork_holder(cluster, name, address, root)
        self.pidfd = os.pidfd_open(self.holder)

    def wait_until_made(self):
        with os.fdopen(self._ready) as pipe:
            if problem := pipe.read():
                raise OSError(f"making host {self.name}: {problem}")

    # -- commands ------------------------------------------------------------------------------

    def popen(self, command, user=None, env=None, cwd=None, **options):
        """subprocess.Popen inside the host, in a session of its own."""
        account = _account(user)
        environment = {"PATH": PATH, "LANG": "C.UTF-8", "HOME": account.pw_dir,
                       "USER": account.pw_name, **self.environment, **(env or {})}

        def enter():
            ns.setns(self.pidfd, INSIDE)
            os.chdir(cwd or "/")
            if account.pw_uid != 0:
                os.setgroups([])
                os.setgid(account.pw_gid)
                os.setuid(account.pw_uid)

        with ns.children_in(self.pidfd):
            child = subprocess.Popen(command, env=environment, preexec_fn=enter,
                                     start_new_session=True, **options)
        self._children = [one for one in self._children if one.returncode is None] + [child]
        return child

    def run(self, command, timeout=60.0, stdin=None, **options):
        """Runs the command to its end. `stdin`: text, bytes, an open file, or None for /dev/null."""
        given = {"stdin": subprocess.DEVNULL}
        data = None
        if isinstance(stdin, (str, bytes)):
            data = stdin.encode() if isinstance(stdin, str) else stdin
            given = {"stdin": subprocess.PIPE}
        elif stdin is not None:
            given = {"stdin": stdin}
        options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | given | options
        child = self.popen(command, **options)
        try:
            out, err = child.communicate(data, timeout)
        except subprocess.TimeoutExpired:
            processes = "\n".join(map(str, self.processes()))
            os.killpg(child.pid, signal.SIGKILL)
            out, err = child.communicate()
            raise TimeoutError(f"{' '.join(command)!r} on {self.name} still ran after {timeout:g} s\n"
                               f"{_text(out)}\n{_text(err)}\n{processes}") from None
        return Ended(child.returncode, _text(out), _text(err))

    def start(self, command, **options):
        process = Process(self, command, **options)
        self.started.append(process)
        return process

    # -- the daemon ----------------------------------------------------------------------------

    def start_vrund(self, *arguments, user=None, env=None, wait=True):
        """A daemon of the cluster: its key, its discovery. Returns when it accepts connections."""
        uid = _account(user).pw_uid
        self._descriptors_at_start = None
        settings = {"VRUN_KEY_FILE": f"{HOME}/key" if uid == 0 else f"{HOME}/key-{uid}",
                    "VRUN_DISCOVERY": "dns:tasks.worker"}
        self.vrund = self.start(["vrund", *arguments], user=user, env=settings | (env or {}))
        if wait:
            self.wait_for_vrund()
        return self.vrund

    def wait_for_vrund(self, timeout=30.0, port=7117):
        def ready():
            if self.vrund.poll() is not None:
                raise AssertionError(f"vrund on {self.name} ended with {self.vrund.poll()}:\n"
                                     f"{self.vrund.out}{self.vrund.err}")
            return self.listens_on_unix("vrund.sock") and self.listens_on(port)
        try:
            eventually(ready, timeout, f"vrund on {self.name}")
        except TimeoutError as error:
            raise TimeoutError(f"{error}\n{self.vrund.out}{self.vrund.err}") from None
        self._descriptors_at_start = self._count_descriptors()

    def listens_on(self, port):
        wanted = f":{port:04X}"
        for table in ("tcp", "tcp6"):
            rows = self._proc_net(table)
            if any(row.split()[1].endswith(wanted) and row.split()[3] == "0A" for row in rows):
                return True
        return False

    def listens_on_unix(self, name):
        accepts = 0x10000  # __SO_ACCEPTCON
        return any(row.rstrip().endswith("/" + name) and int(row.split()[3], 16) & accepts
                   for row in self._proc_net("unix"))

    def _proc_net(self, table):
        with contextlib.suppress(FileNotFoundError):
            return Path(f"/proc/{self.holder}/net/{table}").read_text().splitlines()[1:]
        return []

    # -- what is there ---------------------------------------------------------------------------

    def path(self, inside):
        """Where a file of the host is for us."""
        return Path(f"/proc/{self.holder}/root") / str(inside).lstrip("/")

    def processes(self):
        """Every process of the host except its holder and what we ourselves have yet to reap."""
        found = []
        for entry in os.listdir(self.path("/proc")):
            if not entry.isdigit() or entry == "1":
                continue
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                stat = self.path(f"/proc/{entry}/stat").read_text()
                command = self.path(f"/proc/{entry}/cmdline").read_bytes()
                name = stat[stat.index("(") + 1:stat.rindex(")")]
                state, parent = stat[stat.rindex(")") + 2:].split()[:2]
                if not (state == "Z" and parent == "0"):
                    found.append(HostProcess(int(entry), int(parent), state, name,
                                             command.replace(b"\0", b" ").decode(errors="replace")))
        return found

    def job_files(self):
        """What jobs and shepherds left (or have now) where they keep files."""
        found = []
        for place in ("/tmp", "/dev/shm"):
            found += [Path(place, entry) for entry in os.listdir(self.path(place))
                      if not entry.startswith(("vrun-0", f"vrun-{PLAIN_UID}"))]  # socket directories
        return sorted(map(str, found))

    def assert_clean(self, timeout=60.0):
        """Nothing of any job, soon. A daemon may be up, with shepherds that wait for a job."""
        with contextlib.suppress(TimeoutError):
            eventually(lambda: not self.leftovers(), timeout)
        assert not (left := self.leftovers()), f"left on {self.name}: {left}"

    def leftovers(self):
        """What jobs left: processes, zombies, files, connections, descriptors and jobs of vrund."""
        everything = self.processes()
        shepherds = [p for p in everything if p.name == "vrun-shepherd" and p.state != "Z"]
        is_up = any(p.name == "vrund" for p in everything)
        processes = [p for p in everything if p.name != "vrund" and not (is_up and p in shepherds)]
        files = self.job_files()
        idle = {p.pid for p in shepherds} - {p.parent for p in shepherds}
        own = [f for f in files if "/vrun-s." in f and not _files_under(self.path(f))]
        if len(own) <= 2 * len(idle):  # an idle shepherd keeps its two base directories, empty
            files = [f for f in files if f not in own]
        guards = len(shepherds) - len(idle)
        found = {"processes": processes, "files": files, "connections": self._odd_connections(),
                 "descriptors": self._odd_descriptors(guards), "jobs": self.running_jobs()}
        return {kind: what for kind, what in found.items() if what}

    def running_jobs(self):
        """The jobs that the daemon's log says it has a part in."""
        if not self.has_vrund():
            return []
        begun, over = (set(re.findall(rf"(?:{words}).* job=(\S+)", self.vrund.err))
                       for words in ("jobs: launching|controller: job accepted", "daemon: job over"))
        return sorted(begun - over)

    def has_vrund(self):
        return self.vrund is not None and self.vrund.poll() is None

    def _tcp_rows(self):
        """(remote address, state, inode) of every TCP socket."""
        rows = [row.split() for table in ("tcp", "tcp6") for row in self._proc_net(table)]
        return [(row[2].split(":")[0], row[3], row[9]) for row in rows]

    def _odd_connections(self):
        """Half closed, not of the daemon, or a second one to the same host."""
        established, close_wait = "01", "08"
        ours = set(self._descriptors()) if self.has_vrund() else set()
        odd, remotes = [], set()
        for remote, state, inode in self._tcp_rows():
            is_stray = f"socket:[{inode}]" not in ours or remote in remotes
            if state == close_wait or (state == established and is_stray):
                odd.append((remote, state, inode))
            if state == established:
                remotes.add(remote)
        return odd

    def _descriptors(self):
        """What the daemon's descriptors are, as the kernel names them."""
        found = []
        with contextlib.suppress(FileNotFoundError):
            for fd in os.listdir(f"/proc/{self.vrund.pid}/fd"):
                with contextlib.suppress(FileNotFoundError):
                    found.append(os.readlink(f"/proc/{self.vrund.pid}/fd/{fd}"))
        return found

    def _count_descriptors(self):
        """By kind. Connections to other daemons are not counted: they are kept for the next job."""
        peers = {f"socket:[{inode}]" for _, state, inode in self._tcp_rows() if state == "01"}
        kinds = [name.split(":")[0] if name.startswith(("socket:", "pipe:")) else name
                 for name in self._descriptors() if name not in peers]
        return Counter(kind for kind in kinds if "memfd:" not in kind)  # the topology

    def _odd_descriptors(self, guards):
        """How many more, or fewer, of a kind than when the daemon had started."""
        if not self.has_vrund() or self._descriptors_at_start is None:
            return {}
        count = self._count_descriptors()
        count.subtract(self._descriptors_at_start)
        count.subtract({"socket": guards, "pipe": guards, "anon_inode:[pidfd]": guards})
        return {kind: more for kind, more in count.items() if more}

    # -- misfortune ------------------------------------------------------------------------------

    def link(self, state):
        """Takes the cluster network "down" or "up"."""
        self.cluster.ip(self.pidfd, [f"link set eth0 {state}"])

    def kill_processes(self):
        """As if every process got SIGKILL at once; the host itself stays."""
        eventually(lambda: not self._kill_all(), what=f"the end of all processes of {self.name}")

    def _kill_all(self):
        found = self.processes()
        if found:
            self._signal_all()
        for process in self.started:
            process.poll()
        return found

    def _signal_all(self):
        self._signal([-1], signal.SIGKILL)  # all of this PID namespace but its PID 1 and us

    def kill(self, processes, number=signal.SIGKILL):
        """At once, if they are still there."""
        self._signal([process.pid for process in processes], number)

    def _signal(self, pids, number):
        with ns.children_in(self.pidfd):
            child = os.fork()
            if child == 0:
                for pid in pids:
                    with contextlib.suppress(OSError):
                        os.kill(pid, number)
                os._exit(0)
        os.waitpid(child, 0)

    def close(self):
        os.kill(self.holder, signal.SIGKILL)
        for child in self._children:  # the kernel ends PID 1 only when all others are reaped
            child.wait()
        os.waitpid(self.holder, 0)
        os.close(self.pidfd)


def _files_under(directory):
    return [Path(top, name) for top, _, names in os.walk(directory) for name in names]


def _text(data):
    return "" if data is None else data.decode(errors="replace")


def _account(user):
    if user == PLAIN_USER:
        return pwd.struct_passwd((PLAIN_USER, "x", PLAIN_UID, PLAIN_UID, "", f"/srv/{PLAIN_USER}",
                                  "/bin/sh"))
    return pwd.getpwnam(user) if user else pwd.getpwuid(0)


# -- the holder ----------------------------------------------------------------------------------


def _fork_holder(cluster, name, address, root):
    """(pid of the holder, a pipe that ends, empty, when the host is made)."""
    reading, writing = os.pipe()
    with ns.children_in(None):
        child = os.fork()
        if child == 0:
            _hold(cluster, name, address, root, writing)
    os.close(writing)
    return child, reading


def _hold(cluster, name, address, root, writing):
    """Never returns. Becomes PID 1 of the host, makes it, and waits to be killed."""
    try:
        ns.die_with_parent()
        null = os.open("/dev/null", os.O_RDWR)
        for fd in range(3):
            os.dup2(null, fd)
        os.dup2(writing, 3)
        os.closerange(4, os.sysconf("SC_OPEN_MAX") if os.sysconf("SC_OPEN_MAX") < 65536 else 65536)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGCHLD):  # SIGCHLD: reap orphans
            signal.signal(number, signal.SIG_IGN)
        ns.unshare(INSIDE)
        socket.sethostname(name)
        with contextlib.suppress(FileNotFoundError):
            Path("/proc/sys/net/ipv6/conf/default/disable_ipv6").write_text("1")
        _make_files(cluster, name, address, root)
    except BaseException as error:  # a forked child must not return into the caller's stack
        os.write(3, f"{type(error).__name__}: {error}".encode())
        os._exit(1)
    os.close(3)
    while True:
        signal.pause()


def _make_files(cluster, name, address, root):
    ns.mount(None, "/", None, ns.MS_REC | ns.MS_PRIVATE)
    sources = {inside: ns.detached_mount(outside) for inside, outside in cluster.mounts.items()}
    if root:
        _enter_root(root, cluster.directory)
    _mount_kernel_filesystems()
    for place, options in (("/dev/shm", "mode=1777,size=64m"), ("/tmp", "mode=1777"),
                           ("/run", "mode=755"), ("/srv", "mode=755")):
        ns.mount("tmpfs", place, "tmpfs", 0, options)
    HOME.mkdir()
    for inside, source in sources.items():  # by descriptor: the path may lie under the new /tmp
        _mount_point(inside, source)
        ns.attach_mount(source, inside)
    names = "127.0.0.1\tlocalhost\n" + (f"{address}\t{name}\n" if address else "")
    _replace("/etc/hosts", names)
    _replace("/etc/resolv.conf", f"nameserver {cluster.dns_address}\noptions ndots:0\n")
    for kind, line in (("passwd", f"{PLAIN_USER}:x:{PLAIN_UID}:{PLAIN_UID}::/srv/{PLAIN_USER}:/bin/sh\n"),
                       ("group", f"{PLAIN_USER}:x:{PLAIN_UID}:\n")):
        _replace(f"/etc/{kind}", Path(f"/etc/{kind}").read_text() + line)
    Path("/srv", PLAIN_USER).mkdir()
    os.chown(f"/srv/{PLAIN_USER}", PLAIN_UID, PLAIN_UID)
    if cluster.guest:
        _make_guest(cluster.guest)
    for path, uid in ((HOME / "key", 0), (HOME / f"key-{PLAIN_UID}", PLAIN_UID)):
        path.touch(0o600)
        path.write_text(cluster.key)
        path.chmod(0o400)
        os.chown(path, uid, uid)


def _mount_kernel_filesystems():
    groups = os.open("/sys/fs/cgroup", os.O_PATH) if os.path.ismount("/sys/fs/cgroup") else None
    ns.mount("proc", "/proc", "proc")
    ns.mount("sysfs", "/sys", "sysfs")  # a fresh one shows this host's network devices
    if groups is not None:
        ns.bind(f"/proc/self/fd/{groups}", "/sys/fs/cgroup")


def _mount_point(inside, source):
    os.makedirs(os.path.dirname(inside), exist_ok=True)
    if os.path.isdir(f"/proc/self/fd/{source}"):
        os.makedirs(inside, exist_ok=True)
    elif not os.path.exists(inside):
        Path(inside).touch()


def _replace(path, text):
    """Shows `text` as this file in the host alone."""
    copy = HOME / "etc" / os.path.basename(path)
    copy.parent.mkdir(exist_ok=True)
    copy.write_text(text)
    target = os.path.realpath(path)  # resolv.conf is often a link into /run
    if not os.path.exists(target):
        os.makedirs(os.path.dirname(target), exist_ok=True)
        Path(target).touch()
    ns.bind(copy, target)


def _overlay(root, layers, merged):
    """A copy-on-write view of another system's root; what is written stays in memory."""
    for place in (layers, merged):
        place.mkdir(exist_ok=True)
    ns.mount("tmpfs", layers, "tmpfs")
    for place in ("upper", "work"):
        (layers / place).mkdir()
    ns.mount("overlay", merged, "overlay", 0,
             f"lowerdir={root},upperdir={layers}/upper,workdir={layers}/work")


def _enter_root(root, directory):
    """Makes another system's root the root of this host."""
    merged = directory / "root"
    _overlay(root, directory / "layers", merged)
    for place in ("/dev", "/sys", "/proc"):
        ns.bind(place, f"{merged}{place}")
    ns.pivot_root(merged)


def _make_guest(root):
    """Another system for `chroot`, as an image whose ranks share this host's files in /tmp."""
    merged = Path("/srv/guest")
    _overlay(root, Path("/srv/guest.layers"), merged)
    for place in ("/proc", "/sys", "/dev", "/tmp", "/run"):
        ns.bind(place, f"{merged}{place}")
    (merged / "etc/hosts").write_text(Path("/etc/hosts").read_text())
