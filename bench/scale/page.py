#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""page.py - make the pictures and the tables of docs/scale.md from the figures.

    bench/scale/page.py RESULTS     the output of the simulator

Fails when an input differs from its figure in bench/results/results.json.
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
    "near": ("as it is", "#1b7837", 2),
    "tree": ("one lock for each tree", "#2166ac", 2),
    "groups": ("a lock for each group", "#92c5de", 5),
    "atomics": ("an atomic for each level", "#f4a582", 2),
    "memcg": ("memcg, as it is", "#e08080", 5),
}
PLACES = {
    "near": "near the barrier of `kmemsize`",
    "lanes": "near the barriers of `privvmpages` and `numproc`",
    "far": "far from the barrier",
}
CPUS = (1, 2, 4, 8, 16, 32, 64, 128, 256)
BARS = {64: 0.9, 256: 0.8}
VARIANTS = {
    "base": "as assumed",
    "move/2": "a cache line moves in half of the time",
    "move*2": "a cache line moves in twice the time",
    "handover/2": "the lock is handed over in half of the time",
    "handover*2": "the lock is handed over in twice the time",
    "held/2": "half of the instructions under the lock",
    "held*2": "twice the instructions under the lock",
    "native/2": "a machine on which instructions take half of the time",
    "native*2": "a machine on which instructions take twice the time",
    "socket/2": "32 CPUs on a socket",
    "socket*4": "256 CPUs on a socket",
    "refills*0": "no word is ever empty or full",
    "refills*2": "words are empty or full twice as often",
    "open-refills*50": "the word of files is empty or full in 1 of 200 operations",
    "lines*2": "the counter of `kmemsize` is not on the line of the lock",
    "near/2": "a word near the barrier has room for 1 MiB",
    "near/16": "a word near the barrier has room for 128 KiB, as the word of a CPU",
    "late*0": "all memory comes back at once, none by RCU",
    "rcu/2": "a grace period takes half of the time",
    "rcu*2": "a grace period takes twice the time",
    "rcu*2-near*2": "a grace period takes twice the time, a word near the barrier has "
                    "room for 4 MiB",
    "native/2-near*2": "instructions take half of the time, a word near the barrier has "
                       "room for 4 MiB",
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
        _, boot, figure = source.partition(";")[0].split(" ")
        total, count = boots[boot][figure]
        if abs(total / count / float(value) - 1) > 1e-4:
            print(f"inputs.tsv: {name} is {value}, but {source} is {total / count}")
            wrong = 1
    return wrong


def legend(accounts):
    """The legend of all three plots; gnuplot's own keys belong to one plot each."""
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
    # Thin lines are drawn last, on top of the wide ones that they would be hidden by.
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
    """An efficiency with 3 digits, rounded down (1.000 from 0.9995 on), or 4 below 0.1."""
    if value >= 0.9995:
        return "1.000"
    return f"{int(value * 1000) / 1000:.3f}" if value >= 0.1 else f"{value:.4f}"


def cases():
    """The cases in the order of the tables; a file has no lane."""
    return [(where, op, f"`{name}`, {place}") for where, place in PLACES.items()
            for op, name in OPS.items() if (where, op) != ("lanes", "open")]


def curves(results, where):
    rows = []
    for op, name in OPS.items():
        for account, (title, *_) in ACCOUNTS.items():
            if ("base", op, where, account, 1) not in results or \
               (where == "far" and account == "atomics"):
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
                 [[f"{title}{how}"] +
                  [rate(results["base", op, where, account, n][0]) for n in counts]
                  for where, op, title in cases()
                  for account, how in (("near", ""), ("tree", ", one lock for each tree"))
                  if account == "near" or where != "far"])


def columns(accounts):
    return [f"{title}, {n}" for title in accounts.values() for n in BARS]


def verdict(results):
    accounts = {"near": "as it is", "tree": "one lock for each tree", "memcg": "memcg"}
    rows = []
    for where, op, title in cases():
        row = [title]
        for account in accounts:
            for cpus, bar in BARS.items():
                value = results.get(("base", op, where, account, cpus))
                row.append("not counted" if not value else
                           part(value[1]) + (" OK" if value[1] >= bar else " MISS"))
        rows.append(row)
    return table(["bar: 0.9 on 64 CPUs, 0.8 on 256"] + columns(accounts), rows)


def one_group(results):
    accounts = {
        ("one-group", "near"): "as it is",
        ("one-group-apart*0", "near"): "no exchange is lost",
        ("one-group", "tree"): "one lock for each tree",
    }
    rows = [[title] + [part(results[variant, op, where, account, cpus][1])
                       for variant, account in accounts for cpus in BARS]
            for where, op, title in cases()]
    return table(["all tasks in one group"] + columns(accounts), rows)


def refused(results):
    often = {"refused-100": "100 times in a second", "refused-1000": "1000 times in a second",
             "refused-0": "as often as possible"}
    rows = [[f"`{name}`, {title}"] +
            [part(results["base", op, "near", account, cpus][1]) for cpus in BARS] +
            [part(results[variant, op, "near", account, cpus][1])
             for variant in often for cpus in BARS]
            for op, name in OPS.items()
            for account, title in (("near", "as it is"), ("tree", "one lock for each tree"))]
    return table(["a neighbour is refused"] + columns({0: "never"} | often), rows)


def knee(results, op, where):
    """The fewest CPUs for which an efficiency below 0.9 was simulated."""
    if ("base", op, where, "near", 1) not in results:
        return "uses neither"
    cpus = sorted({key[4] for key in results if key[0] == "base"})
    return next((f"{n} CPUs" for n in cpus if results["base", op, where, "near", n][1] < 0.9),
                "more than 256 CPUs")


def knees(results):
    return table(["efficiency below 0.9 from"] + [f"`{name}`" for name in OPS.values()],
                 [[place] + [knee(results, op, where) for op in OPS]
                  for where, place in PLACES.items()])


def what_if(results):
    what = [(where, op) for where in ("far", "near") for op in OPS]
    rows = [[title] + [part(results[variant, op, where, "near", cpus][1])
                       for where, op in what for cpus in BARS]
            for variant, title in VARIANTS.items()]
    return table(["what if"] + [f"{where} {op}, {cpus}" for where, op in what
                                for cpus in BARS], rows)


def inputs():
    rows = []
    for line in (HERE / "inputs.tsv").read_text().splitlines():
        fields = line.split("\t")
        if len(fields) == 5 and not line.startswith("#") and fields[3] == "assumed":
            rows.append([f"`{fields[0]}`", f"{fields[1]} {fields[2]}", fields[4]])
    return ["| assumed | value | meaning |", "|---|---|---|"] + \
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
          "near": curves(results, "near"), "lanes": curves(results, "lanes"),
          "far": curves(results, "far"), "one group": one_group(results),
          "refused": refused(results), "what if": what_if(results), "assumed": inputs()})


main()
