# SPDX-License-Identifier: Apache-2.0
"""A daemon from the future at a unix socket:   other_version.py SOCKET
Says Hello with protocol 99, as wire/hello would, and then Goodbye."""

import os
import socket
import struct
import sys


def text(value):
    return struct.pack("<Q", len(value)) + value.encode()


def frame(kind, body):
    body = b"\1" + body  # little endian
    return struct.pack(">IHH", len(body), kind, 0) + body


HELLO, GOODBYE, DAEMON, REFUSED = 1, 2, 2, 123
hello = struct.pack("<HH", 99, 99) + text("vrun 99.0") + struct.pack("<BQ", DAEMON, 1) + text("future")

path = sys.argv[1]
os.makedirs(os.path.dirname(path), exist_ok=True)
server = socket.socket(socket.AF_UNIX)
server.bind(path)
server.listen()
while True:
    peer, _ = server.accept()
    peer.sendall(frame(HELLO, hello))
    peer.sendall(frame(GOODBYE, struct.pack("<i", REFUSED) + text("no common protocol: vrun 99.0")))
    peer.recv(65536)
    peer.close()
