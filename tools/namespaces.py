# SPDX-License-Identifier: Apache-2.0
"""Linux namespaces and mounts from Python: the few calls that a pretended host needs.

Thin wrappers over libc by ctypes (Debian 12's Python has no os.unshare). They raise OSError.
Root only. A process that calls these is changed for good, except through `children_in`.
"""

import contextlib
import ctypes
import os
import signal

CLONE_NEWNS = 0x00020000
CLONE_NEWUTS = 0x04000000
CLONE_NEWIPC = 0x08000000
CLONE_NEWPID = 0x20000000
CLONE_NEWNET = 0x40000000

MS_BIND, MS_REC, MS_PRIVATE = 0x1000, 0x4000, 0x40000
MNT_DETACH = 2
PR_SET_PDEATHSIG = 1
SYS_PIVOT_ROOT = {"x86_64": 155, "aarch64": 41}

_libc = ctypes.CDLL(None, use_errno=True)


def _check(result, *what):
    if result != 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code), " ".join(str(w) for w in what))


def unshare(flags):
    _check(_libc.unshare(flags), "unshare", hex(flags))


def setns(fd, flags):
    _check(_libc.setns(fd, flags), "setns", hex(flags))


def mount(source, target, kind=None, flags=0, options=None):
    encode = lambda text: None if text is None else str(text).encode()
    _check(_libc.mount(encode(source), encode(target), encode(kind), ctypes.c_ulong(flags),
                       encode(options)), "mount", source, target)


def bind(source, target):
    mount(source, target, None, MS_BIND | MS_REC)


def pivot_root(new_root):
    """Makes `new_root`, a mount point, the root of this mount namespace."""
    os.chdir(new_root)
    _check(_libc.syscall(SYS_PIVOT_ROOT[os.uname().machine], b".", b"."), "pivot_root", new_root)
    _check(_libc.umount2(b".", MNT_DETACH), "umount2 of the old root")
    os.chdir("/")


def die_with_parent():
    _check(_libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0), "prctl")


@contextlib.contextmanager
def children_in(pid_namespace):
    """Children forked inside are born in the PID namespace of this descriptor (None: a new one).

    A bare os.fork() child must not leave the block: it may not enter our namespace again.
    """
    own = os.open("/proc/self/ns/pid", os.O_RDONLY | os.O_CLOEXEC)
    try:
        if pid_namespace is None:
            unshare(CLONE_NEWPID)
        else:
            setns(pid_namespace, CLONE_NEWPID)
        try:
            yield
        finally:
            setns(own, CLONE_NEWPID)
    finally:
        os.close(own)


def detached_mount(path):
    """A descriptor of a mount of `path` that belongs to no place yet, so it survives pivot_root."""
    at_fdcwd, open_tree_clone, open_tree = -100, 1, 428
    fd = _libc.syscall(open_tree, at_fdcwd, os.fsencode(path), open_tree_clone)
    _check(min(fd, 0), "open_tree", path)
    return fd


def attach_mount(fd, target):
    at_fdcwd, move_mount_f_empty_path, move_mount = -100, 4, 429
    _check(_libc.syscall(move_mount, fd, b"", at_fdcwd, os.fsencode(target), move_mount_f_empty_path),
           "move_mount", target)


def why_not():
    """None where namespaces may be made, else the reason, as a sentence for people."""
    if os.geteuid() != 0:
        return "making network namespaces needs root"
    child = os.fork()
    if child == 0:
        try:
            unshare(CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWPID | CLONE_NEWNET)
            mount(None, "/", None, MS_REC | MS_PRIVATE)
            os._exit(0)
        except OSError as error:
            os._exit(error.errno)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    return None if code == 0 else f"this machine does not let us make namespaces: {os.strerror(code)}"
