# SPDX-License-Identifier: GPL-2.0-only
"""table N: make a table of N numbers and their texts, and print how long the texts are.
table N refuse: also allocate memory until a request is refused."""

import sys

table = {i: str(i) for i in range(int(sys.argv[1]))}
if "refuse" in sys.argv:
    hoard = []
    try:
        while True:
            hoard.append(bytearray(8 << 20))
    except MemoryError as error:
        got = len(hoard)
        del hoard
        print(f"refused {type(error).__name__} after {got * 8} MiB", flush=True)
print("length", sum(map(len, table.values())), flush=True)
sys.stdin.readline()
