# SPDX-License-Identifier: GPL-2.0-only
"""The bars, which are the most that an account may cost, and what it costs.

Costs are in instructions, unless they are ratios or bytes.  The bars for a charge
are for a kernel in which memcg takes 392 instructions to charge for allocating and
freeing a slab object, and 516 for a page.  With another configuration or compiler,
these bars are scaled by what memcg takes there.
"""

SMALL = (64, 128, 256, 512, 1024)
MEMCG = {"slab": 392, "page": 516}
LOOP = {"slab": "slab-64-batch1", "page": "page-4096-batch1"}


class Figures:
    """Figures of the machines, for one object, call or page each."""

    def __init__(self, results):
        self.boots = results["boots"]

    def __call__(self, boot, name):
        total, count = self.boots[boot][name]
        return total / count

    def charge(self, boot, place, loop):
        """The cost of an accounted object beyond that of an unaccounted one."""
        return (self(boot, f"{place}/{loop}-account") -
                self(boot, f"root/{loop}-plain"))

    def memcg(self, loop):
        """The same for memcg alone."""
        return self.charge("disabled", "memcg", loop)

    def scaled(self, kind, bar):
        """A bar, scaled by what memcg costs on this kernel."""
        return bar * self.memcg(LOOP[kind]) / MEMCG[kind]

    def turns(self, loop, groups):
        return (self("on", f"turns/{loop}-account-turns{groups}") -
                self("on", f"root/{loop}-plain"))

    def depth(self, loop, depth):
        return (self("on", f"depth{depth}/{loop}-account") -
                self("on", f"root/{loop}-plain"))

    def calls(self, name):
        return self("on", f"group/{name}") / self("on", f"root/{name}")


def pairs(fig):
    """Allocating and freeing an object or a page."""
    yield ("slab pair, 64 bytes to 1 KiB",
           max(fig.charge("on", "group", f"slab-{size}-batch1")
               for size in SMALL), fig.scaled("slab", 110))
    yield ("slab pair, 64 bytes, 1000 then 1000",
           fig.charge("on", "group", "slab-64-batch1000"),
           fig.scaled("slab", 110))
    yield ("slab bulk of 16, an object",
           max(fig.charge("on", "group", f"bulk-{size}-batch16")
               for size in (64, 256, 1024)), fig.scaled("slab", 40))
    yield ("page pair", fig.charge("on", "group", LOOP["page"]),
           fig.scaled("page", 160))
    yield ("user page fault and free, on over off",
           fig("on", "group/fault") - fig("off", "root/fault"), 10)


def groups(fig):
    """Many groups, deep groups, and a group near its barrier."""
    for kind, loop in LOOP.items():
        one = fig.turns(loop, 1)
        yield f"{kind}, 2 groups in turn over 1", fig.turns(loop, 2) / one, 1.1
        yield (f"{kind}, 1000 groups in turn over 1",
               fig.turns(loop, 1000) / one, 2)
        yield (f"{kind}, depth 16 over 1",
               fig.depth(loop, 16) / fig.depth(loop, 1), 1.05)
        exact = fig.charge("on", "exact", loop)
        yield f"{kind} pair near the barrier", exact, fig.scaled(kind, 250)
        yield (f"{kind} pair near the barrier over memcg",
               exact / fig.memcg(loop), 1)


def both(fig):
    """Together with memcg; turned off at boot; not built."""
    for kind, loop in (("slab", "slab-64-batch1"),
                       ("slab", "slab-64-batch1000"),
                       ("page", "page-4096-batch1")):
        yield (f"{loop}, both over memcg alone",
               fig.charge("on", "memcg", loop) - fig.memcg(loop),
               fig.scaled(kind, 120))
    for loop in LOOP.values():
        yield (f"{loop}, disabled, a hook",
               (fig("disabled", f"root/{loop}-plain") -
                fig("off", f"root/{loop}-plain")) / 2, 4)
    yield "not built, objects that differ", fig("off", "code/differs"), 0


def calls(fig):
    """System calls: the ratio of the cost in a group to that in the root."""
    for name, bar in (("pipe", 1.05), ("socketpair", 1.05),
                      ("socket+close", 1.05), ("eventfd", 1.045),
                      ("open+close", 1.015), ("stat", 1.01),
                      ("create+unlink", 1.05), ("fork+exit+wait", 1.03),
                      ("mmap+munmap", 1.03), ("mprotect2", 1.04),
                      ("tcp-send+recv", 1.02), ("udp-send+recv", 1.03),
                      ("flock", 1.10)):
        yield f"{name}, group over root", fig.calls(name), bar
    yield ("packet that the softirq drops, on over off",
           fig("on", "root/udp-dropped") / fig("off", "root/udp-dropped"),
           1.01)


def idle(fig):
    """Beside 20,000 groups of the same tree that have been used."""
    for name, bar in (("refused-eventfd", 1.1), ("refused-mmap", 1.1),
                      ("read-failcnt", 1.2), ("read-resources", 1.2)):
        yield (f"{name}, 20,000 groups over none",
               fig("on", f"idle/{name}-20000") / fig("on", f"idle/{name}-0"),
               bar)


def neighbour(fig):
    """Beside a group of the tree that is refused in a loop, over one that is busy."""
    if "smp" not in fig.boots:
        return
    for call in ("fork", "open", "mmap", "fault"):
        for part, bar in (("p99", 1.2), ("p99.9", 1.5)):
            yield (f"{call} beside a refused group, {part}",
                   fig("smp", f"neighbour/{call}-refused-{part}") /
                   fig("smp", f"neighbour/{call}-busy-{part}"), bar)


def memory(fig):
    """Bytes."""
    yield ("bytes for a group, on one CPU",
           fig("on", "groups/bytes-10000") -
           fig("disabled", "groups/bytes-10000"), 1024 + 64)
    yield ("bytes beside a slab object",
           fig("on", "bytes/slot") - fig("off", "bytes/slot"), 8)
    yield ("bytes for a page",
           fig("on", "bytes/page_ext") - fig("disabled", "bytes/page_ext"), 8)


def check(results):
    """(name, figure, bar, whether the figure keeps the bar) of every bar."""
    fig = Figures(results)
    for part in (pairs, groups, both, calls, idle, neighbour, memory):
        for name, figure, bar in part(fig):
            yield name, figure, bar, figure <= bar
