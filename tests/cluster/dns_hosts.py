# SPDX-License-Identifier: Apache-2.0
"""More DNS servers for a pretended cluster: NSD, and one that answers wrongly on purpose."""

import json
import signal

from host import HOME, eventually

ODD_SERVER = "/srv/vrun/helpers/dns_server.py"
CONFIG = """\
server:
    zonesdir: "{home}"
    database: ""
    username: ""
    pidfile: "{home}/nsd.pid"
    xfrdfile: "{home}/xfrd.state"
    zonelistfile: "{home}/zone.list"
    server-count: 1
    hide-version: yes
remote-control:
    control-enable: no
zone:
    name: "worker"
    zonefile: "{home}/worker.zone"
"""
HEAD = """\
$ORIGIN worker.
$TTL 600
@ IN SOA ns.worker. root.worker. {serial} 3600 600 86400 600
@ IN NS ns.worker.
ns IN A 127.0.0.1
"""


class Nsd:
    """NSD on a host of its own, for the zone "worker". A long answer does not fit into UDP there
    either, and every TTL is 600 s."""

    def __init__(self, cluster, number=3):
        self.host = cluster.add_stranger("nsd", number)
        self.serial = 0
        self.records = {}
        self._write()
        self.host.path(f"{HOME}/nsd.conf").write_text(CONFIG.format(home=HOME))
        self.server = self.host.start(["/usr/sbin/nsd", "-d", "-c", f"{HOME}/nsd.conf"])
        eventually(lambda: self.host.listens_on(53) or self.server.poll() is not None, 60, "nsd")
        assert self.server.poll() is None, self.server.err

    def set(self, name, *addresses):
        """`name`.worker has these from now on."""
        self.records[name] = addresses
        self._write()
        self.server.send_signal(signal.SIGHUP)
        eventually(lambda: f" {self.serial} " in self._soa(), 60, "nsd to read its zone")

    def _soa(self):
        return self.host.run(["dig", "+short", "@127.0.0.1", "worker", "SOA"]).out

    def _write(self):
        self.serial += 1
        lines = [f"{name} IN {'AAAA' if ':' in address else 'A'} {address}\n"
                 for name, addresses in self.records.items() for address in addresses]
        zone = self.host.path(f"{HOME}/worker.zone")
        zone.with_suffix(".new").write_text(HEAD.format(serial=self.serial) + "".join(lines))
        zone.with_suffix(".new").rename(zone)


class OddServer:
    """helpers/dns_server.py on a host of its own."""

    def __init__(self, cluster, number=4):
        self.host = cluster.add_stranger("odd", number)
        self.file = self.host.path(f"{HOME}/answers")
        self.names = {}
        self._write()
        self.restart()

    def restart(self):
        self.server = self.host.start(["/usr/bin/python3", ODD_SERVER, f"{HOME}/answers"])
        eventually(lambda: self.host.listens_on(53) or self.server.poll() is not None, 60, "dns")
        assert self.server.poll() is None, self.server.err

    def set(self, name, ipv4, ipv6=None):
        self.names[name] = {"A": ipv4, "AAAA": ipv6 or {}}
        self._write()

    def _write(self):
        self.file.with_suffix(".new").write_text(json.dumps(self.names))
        self.file.with_suffix(".new").rename(self.file)


def ask_server(host, *servers):
    """Whom the host asks from now on; programs that run keep theirs."""
    host.path(f"{HOME}/etc/resolv.conf").write_text(
        "".join(f"nameserver {server}\n" for server in servers) + "options ndots:0\n")
