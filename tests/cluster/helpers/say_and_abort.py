# SPDX-License-Identifier: Apache-2.0
"""A rank that hands its launcher hostile texts:   say_and_abort.py
Writes one to its output, one by PMIx_Log, and calls PMIx_Abort with a third."""

import ctypes
import sys

HOSTILE = b"\x1b[2J\x1b]0;owned\x07\r\x9b31mtext"


class Proc(ctypes.Structure):
    _fields_ = [("nspace", ctypes.c_char * 256), ("rank", ctypes.c_uint32)]


pmix = ctypes.CDLL("libpmix.so.2")
me = Proc()
assert pmix.PMIx_Init(ctypes.byref(me), None, 0) == 0
sys.stdout.buffer.write(b"out:" + HOSTILE + b"\n")
sys.stdout.flush()
pmix.PMIx_Abort(3, HOSTILE, None, 0)
