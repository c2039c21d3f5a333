# SPDX-License-Identifier: Apache-2.0
"""What a large job costs before anything starts: vrun's words, the controller's placement, a node's cores."""

import subprocess

from measure import show

RANKS, HOSTS, ROUNDS = 10_000, 1_000, 25
POLICIES = ("", "--map-by node", "--map-by node --rank-by slot", "--map-by ppr:5:package --bind-to core",
            "--map-by numa:SPAN", "--map-by core --rank-by numa:span", "--personality hydra")


def placement(setting):
    """Of ranks on hosts with a line each in a hostfile."""
    hostfile = setting.directory / "hosts"
    hostfile.write_text("".join(f"node{host} slots={RANKS // HOSTS}\n" for host in range(HOSTS)))
    rows = []
    for policy in POLICIES:
        command = [setting.programs / "bench-place", hostfile, str(RANKS), str(ROUNDS), *policy.split()]
        ended = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
        parse, place, bind = (int(word) / 1000 for word in ended.stdout.split())
        rows.append([policy or "(default)", f"{parse:.2f}", f"{place:.2f}", f"{parse + place:.2f}", f"{bind:.3f}"])
    show(f"planning {RANKS:,} ranks on {HOSTS:,} hosts (ms)",
         ["options", "options and hostfile", "placement", "both", "one node's cores"], rows)
