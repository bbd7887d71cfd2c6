# SPDX-License-Identifier: GPL-2.0-only
"""The page of the results, and its plots."""

import subprocess

import bars

HEAD = """# What an account costs

This page is made by `bench/run --update`, not by hand. Linux {kernel}, {compiler}, {qemu};
the options of the kernel are in [results.json](results.json).

Figures without a unit are **instructions**: the machine runs under QEMU's
instruction counter, where one nanosecond is one instruction. The fastest round
counts, and two runs print the same numbers. An instruction is not a cycle: the
figures do not show what a cache miss or a locked exchange costs.

The bars are the most that an account may cost. Those for a charge were set on a kernel
on which memcg takes 392 instructions for an object and 516 for a page; they are scaled
by what memcg takes on this kernel.
"""

PAIRS = (
    ("slab-64-batch1", "64 bytes"),
    ("slab-1024-batch1", "1 KiB"),
    ("slab-8192-batch1", "8 KiB"),
    ("slab-64-batch1000", "64 bytes, 1000 then 1000"),
    ("slab-1024-batch1000", "1 KiB, 1000 then 1000"),
    ("slab-8192-batch1000", "8 KiB, 1000 then 1000"),
    ("bulk-64-batch16", "64 bytes, bulk of 16, an object"),
    ("bulk-1024-batch16", "1 KiB, bulk of 16, an object"),
    ("page-4096-batch1", "page"),
    ("page-4096-batch100", "page, 100 then 100"),
    ("page-4096-batch1000", "page, 1000 then 1000"),
    ("page-16384-batch1", "4 pages"),
)

PLOT = """
set terminal svg size 860,420 font 'sans,12' background '#ffffff'
set output '{output}'
set style data histograms
set style histogram clustered gap 1
set style fill solid 0.9 noborder
set boxwidth 0.9
set grid ytics lc rgb '#dddddd'
set border 3
set xtics nomirror
set ytics nomirror
set yrange [0:*]
set key top left reverse Left
set ylabel 'instructions beyond the same object unaccounted'
$data << end
{data}
end
plot $data using 2:xtic(1) title 'beancounters' lc rgb '#2166ac', \\
     $data using 3 title 'beancounters near the barrier' lc rgb '#92c5de', \\
     $data using 4 title 'memory controller' lc rgb '#b2182b', \\
     $data using 5 title 'both' lc rgb '#888888'
"""


def table(titles, rows):
    """A table in Markdown, with the numbers aligned to the right."""
    lines = ["| " + " | ".join(titles) + " |",
             "|---|" + "---:|" * (len(titles) - 1)]
    lines += ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join(lines) + "\n"


def number(value, digits=0):
    return f"{value:.{digits}f}"


def added(fig, boot, place, loop):
    """The cost beyond that of the same object unaccounted, or a dash."""
    if f"{place}/{loop}-account" not in fig.boots[boot]:
        return "–"
    return f"{fig.charge(boot, place, loop):+.0f}"


def pairs(fig):
    rows = []
    for loop, name in PAIRS:
        rows.append([name,
                     number(fig("off", f"root/{loop}-plain")),
                     number(fig("disabled", f"root/{loop}-plain")),
                     number(fig("on", f"root/{loop}-plain")),
                     added(fig, "on", "root", loop),
                     added(fig, "on", "group", loop),
                     added(fig, "on", "exact", loop),
                     added(fig, "disabled", "memcg", loop),
                     added(fig, "on", "memcg", loop)])
    return table(["allocate and free", "not built", "disabled at boot",
                  "on, unaccounted", "in root", "in a group", "near the barrier",
                  "memcg instead", "both"], rows)


def calls(fig):
    rows = []
    for full in fig.boots["on"]:
        place, name = full.split("/", 1)
        if place != "group" or f"memcg/{name}" not in fig.boots["on"] or \
           name.endswith("-account"):
            continue
        off = fig("off", f"root/{name}")
        root = fig("on", f"root/{name}")
        rows.append([name, number(off),
                     number(fig("disabled", f"root/{name}")), number(root),
                     number(fig("on", full)),
                     number(fig("on", f"exact/{name}")),
                     number(fig.calls(name), 3),
                     number(fig("on", f"exact/{name}") / off, 3),
                     number(fig("off", f"memcg/{name}") / off, 3),
                     number(fig("on", f"memcg/{name}") / root, 3)])
    return table(["call", "not built", "disabled at boot", "on, in root",
                  "in a group", "near the barrier", "group / root",
                  "near the barrier / not built", "memcg / not built",
                  "both: child / root"],
                 rows)


def depths(fig):
    rows = []
    for depth in (1, 2, 4, 8, 16):
        row = [str(depth)]
        for loop in ("slab-64-batch1", "slab-64-batch1000",
                     "page-4096-batch1", "page-4096-batch100"):
            plain = fig("disabled", f"root/{loop}-plain")
            memcg = fig("disabled", f"depth{depth}/{loop}-account") - plain
            row += [f"{fig.depth(loop, depth):+.0f}", f"{memcg:+.0f}"]
        for loop in ("slab-64-batch1", "page-4096-batch1"):
            row.append(f"+{fig.depth(loop, f'{depth}-exact'):.0f}")
        rows.append(row)
    return table(["depth", "64 bytes", "memcg", "1000 then 1000", "memcg",
                  "page", "memcg", "100 then 100", "memcg",
                  "64 bytes near the barrier", "page near the barrier"], rows)


def turns(fig):
    rows = []
    for count in (1, 2, 8, 1000):
        row = [str(count)]
        for loop in ("slab-64-batch1", "page-4096-batch1"):
            plain = fig("disabled", f"root/{loop}-plain")
            memcg = fig("disabled", f"turns/{loop}-account-turns{count}")
            row += [f"{fig.turns(loop, count):+.0f}", f"{memcg - plain:+.0f}"]
        rows.append(row)
    return table(["groups", "64 bytes", "memcg", "page", "memcg"], rows)


def scale(fig):
    rows = []
    for count in (1, 10, 100, 1000, 10000):
        row = [str(count)]
        for what in ("create", "remove", "bytes"):
            row += [number(fig(boot, f"groups/{what}-{count}"))
                    for boot in ("on", "disabled")]
        row.append(number(fig("on", f"groups/read-{count}")))
        row.append(number(fig("on", f"groups/proc-{count}")))
        rows.append(row)
    return table(["groups", "create one", "without bc", "remove one",
                  "without bc", "bytes for one", "without bc",
                  "read bc.resources", "its part of /proc/user_beancounters"],
                 rows)


def group_bytes(fig):
    """The bytes that each of the two controllers adds to a group."""
    plain = fig("disabled", "groups/bytes-10000")
    rows = [[name, number(fig(boot, f"{what}/bytes-10000") - plain)]
            for name, boot, what in (("bc", "on", "groups"),
                                     ("memcg", "disabled", "memcgs"),
                                     ("both", "on", "memcgs"))]
    return table(["added to each of 10000 groups", "bytes"], rows)


def idle(fig):
    rows = []
    for what in ("refused-eventfd", "refused-mmap", "read-failcnt",
                 "read-resources"):
        rows.append([what] + [number(fig("on", f"idle/{what}-{count}"))
                              for count in (0, 20000)])
    return table(["of one group", "alone in its tree",
                  "beside 20,000 others"], rows)


def neighbour(fig):
    rows = []
    for call in ("fork", "open", "mmap", "fault"):
        rows.append([call] + [
            number(fig("smp", f"neighbour/{call}-{beside}-{part}"))
            for part in ("p99", "p99.9") for beside in ("busy", "refused")])
    return table(["ns, of one group", "p99 beside a busy group",
                  "beside a refused one", "p99.9 beside a busy group",
                  "beside a refused one"], rows)


def cpus(fig):
    rows = []
    for boot, who, name in (("smp-disabled", "group", "no accounting"),
                            ("smp", "group", "bc"),
                            ("smp-disabled", "memcg", "memcg"),
                            ("smp", "memcg", "bc and memcg")):
        rows.append([name] + [number(fig(boot, f"cpus/{who}-{what}"))
                              for what in ("root", "alone", "same", "two")])
    return table(["ns, two CPUs", "both in root", "one CPU, one group",
                  "both in one group", "each in its own"], rows)


def native(fig):
    rows = []
    for loop, name in PAIRS:
        place = "uml"
        rows.append([name, number(fig(place, f"root/{loop}-plain"), 1),
                     number(fig(place, f"root/{loop}-account"), 1),
                     number(fig(place, f"group/{loop}-account"), 1),
                     number(fig(place, f"memcg/{loop}-account"), 1)])
    return table(["ns, user-mode Linux", "unaccounted", "in root",
                  "in a group", "both"], rows)


def plot(fig, path):
    rows = []
    for loop, name in (("slab-64-batch1", "object"),
                       ("slab-64-batch1000", "1000 objects"),
                       ("bulk-64-batch16", "bulk of 16"),
                       ("page-4096-batch1", "page")):
        exact = "NaN"
        if f"exact/{loop}-account" in fig.boots["on"]:
            exact = f"{fig.charge('on', 'exact', loop):.1f}"
        rows.append(f'"{name}" {fig.charge("on", "group", loop):.1f} {exact} '
                    f'{fig.memcg(loop):.1f} '
                    f'{fig.charge("on", "memcg", loop):.1f}')
    script = PLOT.format(output=path, data="\n".join(rows))
    subprocess.run(["gnuplot"], input=script, text=True, check=True)


def verdict(results):
    rows = [[name, number(figure, 3), number(bar, 3), "OK" if ok else "MISS"]
            for name, figure, bar, ok in bars.check(results)]
    return table(["bar", "figure", "at most", ""], rows)


def write(results, where):
    """Write results/README.md and the plot beside it."""
    fig = bars.Figures(results)
    plot(fig, where / "pairs.svg")
    parts = [
        HEAD.format(kernel=results["kernel"], qemu=results["qemu"],
                    compiler=results["config"].get("CC_VERSION_TEXT", "")),
        "## The bars\n", verdict(results), "![pairs](pairs.svg)\n",
        "## Objects and pages\n",
        "A figure with a plus sign is the cost beyond that of the same object\n"
        "unaccounted, in the same boot. \"1000 then 1000\": 1000 objects are allocated,\n"
        "then all of them are freed.\n",
        pairs(fig),
        "## System calls\n",
        "*Near the barrier* is a group that has no stock for any of its charges; *memcg* is a\n"
        "group of its own on a kernel without beancounters.\n",
        calls(fig),
        "## Groups in turn on one CPU\n",
        "The kernel charges each of the groups in turn, so the payer is not the\n"
        "task's own group: that takes the slow path of both controllers.\n", turns(fig),
        "## Depth\n", depths(fig),
        "## Many groups\n", scale(fig), group_bytes(fig),
        "Each of the others has been used, so that its words are open.\n",
        idle(fig),
    ]
    if "smp" in fig.boots:
        parts += ["## Two CPUs\n",
                  "Nanoseconds to allocate and free an object, on an emulated machine "
                  "whose host has\nother work: only the ratios are meaningful.\n", cpus(fig),
                  "The calls of one group on one CPU, while another group of its tree makes\n"
                  "system calls on the other CPU, or is refused memory, files and processes.\n",
                  neighbour(fig)]
    if "uml" in fig.boots:
        parts += ["## Native\n",
                  "Nanoseconds on a kernel that is a process of the host, with one CPU and\n"
                  "without jump labels.\n",
                  native(fig)]
    (where / "README.md").write_text("\n".join(parts))
