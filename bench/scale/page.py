#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""page.py - the pictures and the tables of docs/scale.md, from the figures.

    bench/scale/page.py RESULTS     what the simulator has printed

Fails when an input is not what bench/results/results.json has.
"""
import json
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
TOP = HERE.parent.parent
DOCUMENT = TOP / "docs/scale.md"
PICTURES = TOP / "docs/pictures"
OPS = {"mmap": "mmap+munmap", "fork": "fork+exit+wait", "open": "open+close"}
ACCOUNTS = {
    "tree": ("one lock for each tree", "#2166ac", 2),
    "groups": ("a lock for each group", "#92c5de", 5),
    "reserve": ("a lock and a reserve for each group", "#1b7837", 2),
    "atomics": ("an atomic for each level", "#f4a582", 2),
    "memcg": ("memcg, as it is", "#e08080", 5),
}
CPUS = (1, 2, 4, 8, 16, 32, 64, 128, 256)
BARS = {64: 0.9, 256: 0.8}
VARIANTS = {
    "base": "as assumed",
    "move/2": "a cache line moves in half of the time",
    "move*2": "in double",
    "handover/2": "the lock is handed over in half of the time",
    "handover*2": "in double",
    "held/2": "half of the instructions under the lock",
    "held*2": "double",
    "native/2": "a machine on which instructions take half of the time",
    "native*2": "double",
    "socket/2": "32 CPUs on a socket",
    "socket*4": "256 CPUs on a socket",
    "refills*0": "no word is ever empty or full",
    "refills*2": "words are empty or full twice as often",
    "open-refills*50": "that of a file in 1 of 200 operations",
    "one-group": "all tasks in one group, not in siblings",
}

PLOT = """
set terminal svg size 960,380 font 'sans,11' background '#ffffff'
set output '{output}'
set multiplot layout 1,3 margins 0.075,0.985,0.27,0.91 spacing 0.05
set logscale x 2
set xrange [1:256]
set yrange [0:1.05]
set xtics 1,4,256 nomirror
set xlabel offset 0,0.4
set ytics 0.2 nomirror
set mxtics 1
set border 3
set ylabel offset 1,0
set grid ytics lc rgb '#dddddd'
set xlabel 'CPUs'
unset key
"""


def read(path):
    """{(variant, op, where, account, cpus): (in a second, efficiency)}."""
    found = {}
    for line in Path(path).read_text().splitlines():
        if not line.startswith("#"):
            *key, cpus, rate, part = line.split("\t")
            found[(*key, int(cpus))] = float(rate), float(part)
    return found


def check_inputs():
    boots = json.loads((TOP / "bench/results/results.json").read_text())["boots"]
    wrong = 0
    for line in (HERE / "inputs.tsv").read_text().splitlines():
        if line.startswith("#") or "\tresults.json " not in line:
            continue
        name, value, *_, source = line.split("\t")
        _, boot, figure = source.split(" ")
        total, count = boots[boot][figure]
        if abs(total / count / float(value) - 1) > 1e-4:
            print(f"inputs.tsv: {name} is {value}, and in {source} it is {total / count}")
            wrong = 1
    return wrong


def legend(accounts):
    """In rows below all three, because a key belongs to one."""
    script = []
    for i, account in enumerate(accounts):
        title, colour, width = ACCOUNTS[account]
        x, y = 0.06 + i % 3 * 0.31, 0.105 - i // 3 * 0.06
        script += [f"set arrow from screen {x},{y} to screen {x + 0.03},{y} nohead "
                   f"lw {width} lc rgb '{colour}'",
                   f"set label '{title}' at screen {x + 0.037},{y}"]
    x, y = 0.06 + len(accounts) % 3 * 0.31, 0.105 - len(accounts) // 3 * 0.06
    return script + [f"set label '' at screen {x + 0.015},{y} point pt 2 ps 0.8 lw 1.5",
                     f"set label 'the bars' at screen {x + 0.037},{y}"]


def draw(results, where, accounts):
    output = PICTURES / f"scale-{where}.svg"
    cpus = sorted({key[4] for key in results if key[0] == "base"})
    # Those that there are on top of those that they hide.
    order = sorted(accounts, key=lambda a: -ACCOUNTS[a][2])
    script = [PLOT.format(output=output)]
    for nr, (op, name) in enumerate(OPS.items()):
        script += [f"$data{nr} << end"]
        script += [" ".join([str(n)] + [str(results["base", op, where, a, n][1])
                                        for a in order]) for n in cpus]
        script += ["end", "$bars << end"] + [f"{n} {bar}" for n, bar in BARS.items()]
        script += ["end", f"set title '{name}'"]
        script += [f"set ylabel '{'' if nr else 'efficiency'}'"]
        script += legend(accounts) if not nr else ["unset label", "unset arrow"]
        lines = [f"$data{nr} using 1:{i + 2} with lines lw {ACCOUNTS[a][2]} "
                 f"lc rgb '{ACCOUNTS[a][1]}'" for i, a in enumerate(order)]
        lines += ["$bars with points pt 2 ps 0.8 lw 1.5 lc rgb '#000000'"]
        script += ["plot " + ", ".join(lines)]
    subprocess.run(["gnuplot"], input="\n".join(script), text=True, check=True)


def table(titles, rows):
    lines = ["| " + " | ".join(titles) + " |",
             "|---|" + "---:|" * (len(titles) - 1)]
    return lines + ["| " + " | ".join(row) + " |" for row in rows]


def part(value):
    """Never better than it is, but for what is drawn."""
    if value >= 0.9995:
        return "1.000"
    return f"{int(value * 1000) / 1000:.3f}" if value >= 0.1 else f"{value:.4f}"


def curves(results, where):
    rows = []
    for op, name in OPS.items():
        for account, (title, *_) in ACCOUNTS.items():
            if where == "far" and account == "atomics":
                continue
            rows.append([f"`{name}`, {title}"] +
                        [part(results["base", op, where, account, n][1]) for n in CPUS])
    return table(["CPUs"] + [str(n) for n in CPUS], rows)


def rate(value):
    for unit, size in ((" M", 1e6), (" k", 1e3)):
        if value >= size:
            return f"{value / size:.{0 if value >= 100 * size else 1}f}{unit}"
    return f"{value:.0f}"


def rates(results):
    counts = (1, 2, 16, 64, 128, 256)
    return table(["all CPUs, in a second"] + [str(n) for n in counts],
                 [[f"`{name}`, {where}"] +
                  [rate(results["base", op, word, "tree", n][0]) for n in counts]
                  for word, where in (("near", "near the barrier"), ("far", "far from it"))
                  for op, name in OPS.items()])


def verdict(results):
    rows = []
    for where, place in (("near", "near the barrier"), ("far", "far from it")):
        for op, name in OPS.items():
            row = [f"`{name}`, {place}"]
            for account in ("tree", "groups", "reserve", "memcg"):
                for cpus, bar in BARS.items():
                    value = results["base", op, where, account, cpus][1]
                    row.append(part(value) + (" OK" if value >= bar else " MISS"))
            rows.append(row)
    titles = ["bar: 0.9 on 64 CPUs, 0.8 on 256"]
    for title in ("one lock", "a lock for each group", "and a reserve", "memcg"):
        titles += [f"{title}, {n}" for n in BARS]
    return table(titles, rows)


def one_group(results):
    rows = []
    for where, place in (("near", "near the barrier"), ("far", "far from it")):
        for op, name in OPS.items():
            rows.append([f"`{name}`, {place}"] +
                        [part(results["one-group", op, where, account, cpus][1])
                         for account in ("tree", "reserve", "memcg") for cpus in BARS])
    return table(["all tasks in one group"] +
                 [f"{title}, {n}" for title in ("one lock", "lock and reserve of the group",
                                                "memcg") for n in BARS], rows)


def knee(results, op, where):
    """The fewest CPUs that were simulated with less than 0.9."""
    cpus = sorted({key[4] for key in results if key[0] == "base"})
    return next((str(n) for n in cpus if results["base", op, where, "tree", n][1] < 0.9),
                "more than 256")


def knees(results):
    return table(["efficiency below 0.9"] + [f"`{name}`" for name in OPS.values()],
                 [[place] + [knee(results, op, where) for op in OPS]
                  for where, place in (("near", "near the barrier"), ("far", "far from it"))])


def what_if(results):
    rows = []
    for variant, title in VARIANTS.items():
        rows.append([title] + [part(results[variant, op, where, "tree", cpus][1])
                               for where, op in (("far", "mmap"), ("far", "fork"),
                                                 ("far", "open"), ("near", "mmap"),
                                                 ("near", "fork"), ("near", "open"))
                               for cpus in BARS])
    return table(["what if"] + [f"{where} {op}, {cpus}" for where in ("far", "near")
                                for op in OPS for cpus in BARS], rows)


def inputs():
    rows = []
    for line in (HERE / "inputs.tsv").read_text().splitlines():
        fields = line.split("\t")
        if len(fields) == 5 and not line.startswith("#") and fields[3] == "assumed":
            rows.append([f"`{fields[0]}`", f"{fields[1]} {fields[2]}", fields[4]])
    return ["| assumed | value | of what |", "|---|---|---|"] + \
        ["| " + " | ".join(row) + " |" for row in rows]


def fill(tables):
    text = DOCUMENT.read_text()
    for name, lines in tables.items():
        begin = f"<!-- begin {name}: what follows is made by make scale -->\n"
        before, found, rest = text.partition(begin)
        _, end, after = rest.partition("<!-- end -->\n")
        if not found or not end:
            sys.exit(f"{DOCUMENT}: there is no place for the table {name}")
        text = before + begin + "\n" + "\n".join(lines) + "\n\n" + end + after
    DOCUMENT.write_text(text)


def main():
    results = read(sys.argv[1])
    if check_inputs():
        sys.exit(1)
    draw(results, "near", list(ACCOUNTS))
    draw(results, "far", [a for a in ACCOUNTS if a != "atomics"])
    fill({"verdict": verdict(results), "knees": knees(results), "rates": rates(results),
          "near": curves(results, "near"), "far": curves(results, "far"),
          "one group": one_group(results), "what if": what_if(results),
          "assumed": inputs()})


main()
