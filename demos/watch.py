#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Print a line when a group refuses something: watch.py GROUP-DIRECTORY [TIMES]"""

import select
import sys

group = sys.argv[1]
times = int(sys.argv[2]) if len(sys.argv) > 2 else -1

with open(f"{group}/bc.failcnt") as failcnt:
    poll = select.poll()
    poll.register(failcnt, select.POLLPRI)
    before = failcnt.read()
    while times:
        poll.poll()
        failcnt.seek(0)
        now = failcnt.read()
        for old, new in zip(before.splitlines(), now.splitlines()):
            if old != new:
                print(f"{group}: {old} -> {new.split()[1]}", flush=True)
        before = now
        times -= 1
