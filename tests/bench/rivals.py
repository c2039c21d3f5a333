# SPDX-License-Identifier: Apache-2.0
"""The other launchers: mpirun of Open MPI and mpiexec of MPICH, over ssh where hosts are several.

They get what they need to work at all in the pretended hosts: an sshd in each with a key that
exists for this run only, and the interface by name, since they hang on the gateway network.
"""

import shutil
import subprocess

from host import eventually

PLACE = "/srv/vrun/ssh"  # in every host
HELLO_OPENMPI, HELLO_MPICH = (f"/srv/vrun/examples/{mpi}/hello" for mpi in ("openmpi", "mpich"))

SSHD_CONFIG = f"""\
Port 22
HostKey {PLACE}/host_key
AuthorizedKeysFile {PLACE}/key.pub
StrictModes no
UsePAM no
PidFile none
PermitRootLogin yes
MaxStartups 200
"""

SSH = f"""\
#!/bin/sh
exec /usr/bin/ssh -i {PLACE}/key -o BatchMode=yes -o StrictHostKeyChecking=no \\
    -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR "$@"
"""


def make_keys(directory):
    """What every host mounts at PLACE."""
    for name in ("key", "host_key"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", directory / name],
                       check=True)
    (directory / "sshd_config").write_text(SSHD_CONFIG)
    (directory / "ssh").write_text(SSH)
    (directory / "ssh").chmod(0o755)


def can_ssh():
    return all(shutil.which(program, path="/usr/bin:/usr/sbin")
               for program in ("ssh", "sshd", "ssh-keygen"))


def start_sshds(hosts):
    for host in hosts:
        host.path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
        host.start(["/usr/sbin/sshd", "-D", "-f", f"{PLACE}/sshd_config"])
    for host in hosts:
        eventually(lambda: host.listens_on(22), what=f"sshd on {host.name}")


def names(hosts):
    return ",".join(host.address for host in hosts)


def openmpi(ranks, hosts, program):
    """mpirun's command line, or None where it is not installed."""
    if not shutil.which("mpirun.openmpi"):
        return None
    command = ["mpirun.openmpi", "--allow-run-as-root", "--oversubscribe", "--bind-to", "none",
               "-n", str(ranks)]
    if len(hosts) > 1:
        slots = -(-ranks // len(hosts))
        command += ["--mca", "plm_rsh_agent", f"{PLACE}/ssh", "--mca", "oob_tcp_if_include", "eth0",
                    "--mca", "btl_tcp_if_include", "eth0",
                    "--host", ",".join(f"{host.address}:{slots}" for host in hosts)]
    return [*command, *program]


def hydra(ranks, hosts, program):
    if not shutil.which("mpiexec.hydra"):
        return None
    command = ["mpiexec.hydra", "-n", str(ranks)]
    if len(hosts) > 1:
        command += ["-launcher", "ssh", "-launcher-exec", f"{PLACE}/ssh", "-iface", "eth0",
                    "-hosts", names(hosts)]
        for variable in ("FI_TCP_IFACE", "FI_SOCKETS_IFACE", "UCX_NET_DEVICES"):  # of its libraries
            command += ["-genv", variable, "eth0"]
    else:
        command += ["-launcher", "fork"]
    return [*command, *program]
