#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A DNS server that answers wrongly on purpose: dns_server.py ANSWERS.

ANSWERS is a JSON file that is read for every question: {"name": {"A": {"addresses": [...],
"trouble": WORD}, "AAAA": ...}}. Troubles: nxdomain, servfail, refused (as DNS has them); silent;
slow (3 s); no-udp (only TCP answers); cut (half of the packet comes, and it does not say so); half
(UDP says to ask by TCP, which closes in the middle); garbage. Without addresses: NODATA.
"""

import json
import socket
import socketserver
import struct
import sys
import threading
import time
from pathlib import Path

CODES = {"servfail": 2, "nxdomain": 3, "refused": 5}
TYPES = {1: "A", 28: "AAAA"}
UDP_SIZE = 512
TTL = 600


def asked(question):
    """(name, type, the question's own bytes)."""
    labels, at = [], 12
    while question[at]:
        labels.append(question[at + 1:at + 1 + question[at]].decode())
        at += question[at] + 1
    kind = struct.unpack_from("!H", question, at + 1)[0]
    return ".".join(labels).lower(), TYPES.get(kind, ""), question[12:at + 5]


def told(question):
    name, kind, _ = asked(question)
    names = json.loads(Path(sys.argv[1]).read_text())
    if name not in names:
        return {"trouble": "nxdomain"}
    return names[name].get(kind, {})


def packet(question, answer, flags=0):
    name, kind, section = asked(question)
    addresses = answer.get("addresses", [])
    number, family = (1, socket.AF_INET) if kind == "A" else (28, socket.AF_INET6)
    records = b"".join(b"\xc0\x0c" + struct.pack("!HHI", number, 1, TTL) +
                       struct.pack("!H", len(data)) + data
                       for data in (socket.inet_pton(family, address) for address in addresses))
    code = CODES.get(answer.get("trouble"), 0)
    if code or flags & 0x200:
        records, addresses = b"", []
    header = question[:2] + struct.pack("!HHHHH", 0x8180 | flags | code, 1, len(addresses), 0, 0)
    return header + section + records


def reply(question, is_udp):
    """What to send, and whether to hang up after it."""
    answer = told(question)
    trouble = answer.get("trouble")
    if trouble == "silent" or (trouble == "no-udp" and is_udp):
        return b"", False
    if trouble == "slow":
        time.sleep(3)
    if trouble == "garbage":
        return question[:12] + b"\xff" * 40, False
    whole = packet(question, answer)
    if trouble == "cut":
        return whole[:len(whole) - 10], False
    if trouble == "half":
        return (packet(question, answer, 0x200), False) if is_udp else (whole, True)
    if is_udp and len(whole) > UDP_SIZE:
        return packet(question, answer, 0x200), False
    return whole, False


class Udp(socketserver.BaseRequestHandler):
    def handle(self):
        question, server = self.request
        if data := reply(question, True)[0]:
            server.sendto(data, self.client_address)


class Tcp(socketserver.StreamRequestHandler):
    def handle(self):
        while size := self.rfile.read(2):
            data, hangs_up = reply(self.rfile.read(struct.unpack("!H", size)[0]), False)
            if not data:
                continue
            framed = struct.pack("!H", len(data)) + data
            self.wfile.write(framed[:len(framed) // 2] if hangs_up else framed)
            if hangs_up:
                return


class UdpServer(socketserver.ThreadingUDPServer):
    daemon_threads, allow_reuse_address = True, True


class TcpServer(socketserver.ThreadingTCPServer):
    daemon_threads, allow_reuse_address = True, True


udp = UdpServer(("", 53), Udp)
tcp = TcpServer(("", 53), Tcp)
threading.Thread(target=udp.serve_forever, daemon=True).start()
tcp.serve_forever()
