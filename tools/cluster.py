#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A cluster of pretended hosts on this machine, built as a Docker Swarm service is.

Every host has eth0 on the cluster network and eth1, with the default route, on a gateway network
that carries nothing between hosts: sending there is silence, as behind docker_gwbridge. A DNS
server answers tasks.worker with all workers; long answers do not fit into UDP. Needs root.

    tools/cluster.py --hosts 4 --slots 2 -- vrun -n 8 hostname
"""

import argparse
import itertools
import os
import shlex
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import namespaces as ns
from host import HOME, Host, eventually

CLUSTER_NETWORK, GATEWAY_NETWORK = "10.77", "172.18"
GATEWAY_MAC = "02:42:ac:12:00:01"
SERVICE = "tasks.worker"


class Cluster:
    """`with Cluster(4) as cluster:` has cluster.workers w1…w4, and cluster.master outside the DNS.

    programs: a build's bin/; mounts: more {path in hosts: path here}. root: another system's root
    for all hosts but the DNS server; guest: one that is at /srv/guest in every host, for chroot.
    Both are only read; what hosts write there is kept in memory.
    """

    def __init__(self, workers=0, programs=None, examples=None, mounts=None, root=None,
                 guest=None):
        self.root, self.guest = root, guest
        self.mounts = {f"{HOME}/{name}": str(path)
                       for name, path in (("bin", programs), ("examples", examples)) if path}
        self.mounts |= mounts or {}
        self.dns_address = f"{CLUSTER_NETWORK}.0.2"
        self.serial = itertools.count(1)
        self.directory = Path(tempfile.mkdtemp(prefix="vrun-cluster."))
        self.directory.chmod(0o711)
        self.hosts, self.workers = [], []
        self._worker_numbers = itertools.count(1)
        self.key = _new_key(programs, root)
        try:
            self._make_network()
            self.master = self._make([("master", 10)], root)[0]
            self._start_dns()
            self.add_workers(workers)
        except BaseException:
            self.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        for host in reversed(self.hosts):
            host.close()
        self.hosts.clear()
        shutil.rmtree(self.directory, ignore_errors=True)

    # -- hosts -----------------------------------------------------------------------------------

    def add_workers(self, count):
        """New hosts, known to the DNS. An address is never used twice, as with orchestrators."""
        numbers = [next(self._worker_numbers) for _ in range(count)]
        made = self._make([(f"w{number}", 256 + number) for number in numbers], self.root)
        self.workers += made
        self._update_dns()
        return made

    def add_host(self):
        return self.add_workers(1)[0]

    def remove_host(self, *hosts):
        """As if their machines were unplugged."""
        for host in hosts:
            host.close()
            self.hosts.remove(host)
            self.workers.remove(host)
        self._update_dns()

    def replace_host(self, host):
        """Another one under its name and address; the old one goes without a word."""
        host.link("down")
        place = self.workers.index(host)
        host.close()
        self.hosts.remove(host)
        number = 256 + int(host.name.removeprefix("w"))
        self.workers[place] = self._make([(host.name, number)], self.root)[0]
        return self.workers[place]

    def start_vrunds(self, *arguments, hosts=None, **options):
        """A daemon on every host (or these), all ready."""
        hosts = self.workers + [self.master] if hosts is None else hosts
        for host in hosts:
            host.start_vrund(*arguments, wait=False, **options)
        for host in hosts:
            host.wait_for_vrund()

    def stop_vrunds(self):
        running = [host.vrund for host in self.hosts if host.vrund and host.vrund.poll() is None]
        for vrund in running:
            vrund.send_signal(signal.SIGTERM)
        return [vrund.stop() for vrund in running]

    def assert_clean(self):
        for host in self.workers + [self.master]:
            host.assert_clean()

    def logs(self, lines=40):
        """The ends of everything that was started in the background, for a failed test."""
        texts = []
        for host in self.hosts:
            for process in host.started:
                tail = (process.out + process.err).splitlines()[-lines:]
                texts.append(f"--- {process} (exit {process.poll()})\n" + "\n".join(tail))
        return "\n".join(texts)

    # -- networks --------------------------------------------------------------------------------

    def ip(self, pidfd, commands):
        """Runs these `ip` commands in a host's network namespace, as one batch."""
        subprocess.run(["/sbin/ip", "-batch", "-"], input="\n".join(commands), text=True, check=True,
                       preexec_fn=lambda: ns.setns(pidfd, ns.CLONE_NEWNET))

    def drop(self, *matches):
        """What matches, in nftables' words, is lost between hosts from now on; nothing: all is well."""
        rules = [f"add rule bridge faults wire {match} drop" for match in matches]
        script = ["add table bridge faults", "delete table bridge faults", "add table bridge faults",
                  "add chain bridge faults wire { type filter hook forward priority 0 ; }", *rules]
        subprocess.run(["/usr/sbin/nft", "-f", "-"], input="\n".join(script), text=True, check=True,
                       preexec_fn=lambda: ns.setns(self._network.pidfd, ns.CLONE_NEWNET))

    def _make_network(self):
        self._network = self._add_host("network")
        self._network.wait_until_made()
        self.ip(self._network.pidfd, [
            "link set lo up",
            "link add cluster type bridge forward_delay 0",
            "link set cluster up",
            f"link add gateway address {GATEWAY_MAC} type bridge forward_delay 0",
            f"addr add {GATEWAY_NETWORK}.0.1/16 dev gateway",
            "link set gateway up"])

    def _add_host(self, name, address=None, gateway_address=None, root=None):
        host = Host(self, name, address, gateway_address, root)
        self.hosts.append(host)
        return host

    def add_stranger(self, name, number):
        """One of this name, which is in no DNS answer; the number ends its addresses."""
        return self._make([(name, number)])[0]

    def _make(self, plan, root=None):
        """Hosts of these names; the number gives the last two bytes of both addresses."""
        made = []
        for name, number in plan:
            tail = f"{number >> 8}.{number & 255}"
            made.append(self._add_host(name, f"{CLUSTER_NETWORK}.{tail}",
                                       f"{GATEWAY_NETWORK}.{tail}", root))
        for host in made:
            host.wait_until_made()
        wires = [line for host in made for line in _wires(host, next(self.serial))]
        if wires:
            self.ip(self._network.pidfd, wires)
        for host in made:
            self.ip(host.pidfd, [
                "link set lo up",
                f"addr add {host.address}/16 dev eth0",
                "link set eth0 up",
                f"addr add {host.gateway_address}/16 dev eth1",
                "link set eth1 arp off up",  # without ARP, what is sent to another host is lost
                f"neigh add {GATEWAY_NETWORK}.0.1 lladdr {GATEWAY_MAC} dev eth1 nud permanent",
                f"route add default via {GATEWAY_NETWORK}.0.1"])
        return made

    # -- names -----------------------------------------------------------------------------------

    def _start_dns(self):
        self._names = self.directory / "names"
        self._names.touch()
        self.dns = self._make([("dns", 2)])[0]
        self._dns = self.dns.start(
            ["dnsmasq", "--keep-in-foreground", "--user=root", "--conf-file=/dev/null", "--no-hosts",
             "--no-resolv", "--local=/#/", "--port=53", "--local-ttl=600", "--edns-packet-max=512",
             "--pid-file", f"--addn-hosts={HOME}/names"])
        eventually(lambda: self.dns.listens_on(53) or self._dns.poll() is not None, what="dnsmasq")
        if self._dns.poll() is not None:
            raise OSError(f"dnsmasq did not start: {self._dns.err}")

    def _update_dns(self):
        rows = [f"{worker.address} {SERVICE}\n{worker.address} {worker.name}\n"
                for worker in self.workers]
        self.dns.path(f"{HOME}/names").write_text("".join(rows))
        self._dns.send_signal(signal.SIGHUP)
        eventually(self._dns_knows_all, what="the DNS server to read its names")

    def _dns_knows_all(self):
        answer = self.dns.run(["dig", "+tcp", "+short", f"@{self.dns_address}", SERVICE]).out
        return set(answer.split()) == {worker.address for worker in self.workers}


def _wires(host, serial):
    # As Docker has it, MAC addresses follow from IP addresses: one that is used again is found.
    cluster_mac, mac = (f"02:42:{prefix}:" + ":".join(f"{int(part):02x}" for part in
                                                    host.gateway_address.split(".")[2:])
                        for prefix in ("0a:4d", "ac:12"))
    return [
        f"link add c{serial} mtu 1450 type veth peer name eth0 address {cluster_mac} mtu 1450 "
        f"netns {host.holder}",
        f"link set c{serial} master cluster up",
        f"link add g{serial} type veth peer name eth1 address {mac} netns {host.holder}",
        f"link set g{serial} master gateway up",
        f"link set g{serial} type bridge_slave isolated on",
        f"neigh replace {host.gateway_address} lladdr {mac} dev gateway nud permanent"]


def _new_key(programs, root):
    if not programs or not Path(programs, "vrunctl").exists():
        return ""  # a cluster without vrun: the networks alone
    if root:  # whose programs do not run here
        return secrets.token_hex(32) + "\n"
    return subprocess.run([Path(programs, "vrunctl"), "keygen"], check=True, capture_output=True,
                          text=True).stdout


def main():
    parser = argparse.ArgumentParser(description="Runs COMMAND on one host of a pretended cluster.")
    parser.add_argument("--hosts", type=int, default=4, help="how many (default: 4)")
    parser.add_argument("--slots", type=int, help="slots of each host (default: its cores)")
    parser.add_argument("--programs", type=Path, default=Path("build/release/bin"))
    parser.add_argument("--examples", type=Path, default=Path("examples"))
    parser.add_argument("--possible", action="store_true", help="only say whether this can work here")
    parser.add_argument("command", nargs="*")
    options = parser.parse_args()
    if problem := ns.why_not():
        print(problem)
        return 1
    if options.possible:
        return 0
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    with Cluster(options.hosts, options.programs.resolve(), options.examples.resolve()) as cluster:
        cluster.start_vrunds(*(["--slots", str(options.slots)] if options.slots else []))
        command = options.command or ["bash"]
        if sys.stdin.isatty():  # a terminal of its own, or the shell could not control its jobs
            command = ["script", "-qec", shlex.join(command), "/dev/null"]
        child = cluster.workers[0].popen(command, cwd=f"{HOME}/examples",
                                         env={"TERM": os.environ.get("TERM", "dumb")})
        code = child.wait()
        return code if code >= 0 else 128 - code


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(128 + signal.SIGINT)
