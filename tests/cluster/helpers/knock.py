# SPDX-License-Identifier: Apache-2.0
"""Opens connections to a daemon and says what it must not:   knock.py KIND ADDRESS PORT COUNT

Prints "open COUNT" when all have been opened. Until its input ends, a connection whose time
was over is replaced by a new one. At the end: "longest S", how long the slowest closing took.
SOURCES in the environment: addresses to call from. ADDRESS may be the path of a unix socket.
"""

import os
import selectors
import socket
import ssl
import sys
import time

kind, address, port, count = sys.argv[1], sys.argv[2], *map(int, sys.argv[3:5])
sources = os.environ.get("SOURCES", "").split() or [""]
HELLO = b"\0\0\0\x20\0\1\0\0" + bytes(32)  # as on a plain connection
WORDS = {"silent": b"", "garbage": os.urandom(70000), "zeros": bytes(70000), "plain": HELLO,
         "http": b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", "half": b"\x16\x03\x01\x02\x00\x01\x00"}


def client_hello(version):
    """What OpenSSL says first, as a client without the key."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.minimum_version = context.maximum_version = version
    coming, going = ssl.MemoryBIO(), ssl.MemoryBIO()
    try:
        context.wrap_bio(coming, going).do_handshake()
    except ssl.SSLWantReadError:
        return going.read()


if kind in ("tls12", "tls13"):
    WORDS[kind] = client_hello(ssl.TLSVersion.TLSv1_2 if kind == "tls12" else ssl.TLSVersion.TLSv1_3)

selector = selectors.DefaultSelector()
longest = 0.0
made = 0


def dial():
    global made
    family = socket.AF_UNIX if address.startswith("/") else socket.AF_INET
    connection = socket.socket(family)
    connection.settimeout(30)
    if sources[0]:
        connection.bind((sources[made % len(sources)], 0))
    connection.connect(address if family == socket.AF_UNIX else (address, port))
    connection.setblocking(False)
    try:
        connection.send(WORDS[kind])
    except OSError:
        pass  # refused already: the reader sees it too
    selector.register(connection, selectors.EVENT_READ, time.monotonic())
    made += 1


while made < count:
    dial()
print(f"open {count}", flush=True)
try:
    flooding = selector.register(sys.stdin, selectors.EVENT_READ)
except PermissionError:  # /dev/null is at its end, and not to be waited for
    flooding = None
while selector.get_map():
    for key, _ in selector.select():
        if key is flooding:
            flooding = None
            selector.unregister(sys.stdin)
            continue
        try:
            data = key.fileobj.recv(65536)
        except BlockingIOError:
            continue
        except OSError:
            data = b""
        if data:  # an alert; the end follows
            continue
        selector.unregister(key.fileobj)
        key.fileobj.close()
        lived = time.monotonic() - key.data
        longest = max(longest, lived)
        if flooding and lived > 1:  # not what had to make room for the others
            dial()
print(f"longest {longest:.2f}", flush=True)
