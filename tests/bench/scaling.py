# SPDX-License-Identifier: Apache-2.0
"""How soon hosts that come and go are known, and what many of them cost whoever watches."""

import json
import os
import statistics
import time

from host import HOME, eventually
from measure import show
from resources import memory_kib

ADDRESSES = 2000  # of one DNS answer
PATIENCE = 120
FIRST_PORT = 20000


def first_job(setting):
    """From a daemon's start on a new host to the end of `true` there, for a vrun that waits for it."""
    hosts = setting.hosts(setting.host_count)
    cluster, walls = setting.cluster, []
    for _ in range(setting.rounds):
        new = cluster.add_host()
        try:
            job = hosts[0].start(["vrun", "-v", "--wait", str(PATIENCE), "--host", new.name, "true"])
            job.wait_for("waiting for", PATIENCE)
            began = time.monotonic()
            new.start_vrund("--slots", "4", wait=False)
            assert job.wait(PATIENCE) == 0, job.err
            walls.append(1000 * (time.monotonic() - began))
        finally:
            cluster.remove_host(new)
    show("a new host's daemon starts: the first job on it has ended, ms",
         ["hosts before", "rounds", "median", "least"],
         [[len(hosts), len(walls), f"{statistics.median(walls):.0f}", f"{min(walls):.0f}"]])


def names(setting):
    """One DNS answer of 2,000 addresses: looked up and all of them dialed.

    One machine has not 2,000 hosts: nothing listens at the addresses, which are of the loopback
    network, so this is the answer by TCP, 2,000 refused connections and the list of them.
    """
    host = setting.hosts(1)[0]
    count = min(ADDRESSES, setting.many * 100)
    setting.cluster.dns.path(f"{HOME}/names").write_text("".join(
        f"127.{1 + i // 250}.{1 + i % 250}.1 tasks.many\n" for i in range(count)))
    setting.cluster._dns.send_signal(1)
    host.vrund.stop()
    daemon = host.start_vrund("--port", "7200", wait=False, env={"VRUN_DISCOVERY": "dns:tasks.many"})
    host.wait_for_vrund(port=7200)
    rows = []
    for asked in ("first", "second"):
        began = time.monotonic()
        listed = json.loads(host.run(["vrunctl", "hosts", "--json"], timeout=PATIENCE).out)
        rows.append([f"{asked} time", len(listed["hosts"]), f"{1000 * (time.monotonic() - began):.0f}"])
    daemon.stop()
    setting.close()
    show("one DNS answer to the whole list", ["vrunctl hosts", "addresses", "ms"], rows)


def passive(setting):
    """A controller with many idle daemons on this machine: its CPU and memory."""
    host = setting.hosts(1)[0]
    count = setting.passive
    host.vrund.stop()
    host.path(f"{HOME}/passive").write_text("".join(
        f"127.{1 + i // 250}.{1 + i % 250}.1 port={FIRST_PORT + i} slots=1\n" for i in range(count)))
    start = (f"i=0; while [ $i -lt {count} ]; do VRUN_DISCOVERY=hosts:localhost vrund --slots 1 --name p$i "
             f"--port $(({FIRST_PORT} + i)) --socket /run/p$i.sock & i=$((i + 1)); done; wait")
    host.start(["sh", "-c", start], env={"VRUN_KEY_FILE": f"{HOME}/key"})
    eventually(lambda: host.listens_on(FIRST_PORT + count - 1), PATIENCE, "the daemons")
    controller = host.start_vrund("--slots", "1", "--controller", wait=False,
                                  env={"VRUN_DISCOVERY": f"hosts:localhost,file:{HOME}/passive"})
    host.wait_for_vrund()
    rows = []

    def row(what, work):
        began, used = time.monotonic(), cpu_ms(controller)
        work()
        seconds = time.monotonic() - began
        rss = memory_kib(host, pid_in(host, controller))[0] / 1024
        rows.append([what, f"{1000 * seconds:.0f}", f"{cpu_ms(controller) - used:.0f}", f"{rss:.1f}"])

    row("all connected", lambda: eventually(lambda: up_of(host) == count + 1, PATIENCE, "all daemons"))
    row("idle", lambda: time.sleep(setting.idle_seconds))
    for which in ("first", "second"):
        row(f"{which} vrun -n {count + 1} true", lambda: run_job(host, count + 1))
    setting.close()
    show(f"a controller with {count} passive daemons", ["what", "ms", "its CPU, ms", "its RSS, MiB"], rows)


def up_of(host):
    listed = json.loads(host.run(["vrunctl", "hosts", "--json"], timeout=PATIENCE).out)
    return sum(one["state"] == "up" for one in listed["hosts"])


def run_job(host, ranks):
    ended = host.run(["vrun", "-n", str(ranks), "true"], timeout=PATIENCE)
    assert ended.code == 0, ended.err


def cpu_ms(process):
    with open(f"/proc/{process.pid}/stat") as stat:
        fields = stat.read().rsplit(")", 1)[1].split()
    return 1000 * (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def pid_in(host, process):
    """Its number inside the host."""
    with open(f"/proc/{process.pid}/status") as status:
        return next(line.split()[-1] for line in status if line.startswith("NSpid:"))


def silence(setting):
    """A host that nothing arrives from any more: until it is suspect, and until its job has ended."""
    hosts = setting.hosts(max(2, min(4, setting.host_count)))
    lease = 5 if setting.idle_seconds < 5 else 10
    setting.cluster.stop_vrunds()
    setting.cluster.start_vrunds("--slots", "4", "--lease", str(lease), hosts=hosts)
    watch = hosts[0].start(["vrunctl", "hosts", "--watch", "--json"])
    job = hosts[0].start(["vrun", "-n", str(len(hosts)), "--map-by", "node", "sh", "-c",
                          "echo ready; exec sleep 1000"])
    eventually(lambda: job.out.count("ready") == len(hosts), PATIENCE, "the job")
    lost = hosts[-1]
    began = time.monotonic()
    setting.cluster.drop(f"ip saddr {lost.address}", f"ip daddr {lost.address}")
    suspect = eventually(lambda: '"suspect"' in watch.out and time.monotonic() - began, PATIENCE)
    job.wait(PATIENCE)
    ended = time.monotonic() - began
    watch.stop()
    setting.close()
    show(f"a host falls silent (lease {lease} s), s", ["suspect after", "job over after"],
         [[f"{suspect:.1f}", f"{ended:.1f}"]])
