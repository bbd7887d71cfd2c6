#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Open sockets until the kernel says no, cope with it, and carry on."""

import socket

held = []
try:
    while True:
        held.append(socket.socket(socket.AF_UNIX))
except OSError as error:
    print(f"opened {len(held)} sockets, then: {error.strerror}")

for s in held:
    s.close()
print("closed them all, which works as ever")

left, right = socket.socketpair()
left.send(b"still alive")
print(f"a new pair of sockets says: {right.recv(64).decode()}")
print(f"1 + 2 + ... + 1000 = {sum(range(1001))}")
