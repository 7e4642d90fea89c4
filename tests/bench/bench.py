"""bench.py: rnnc and its peers on the same work, in turn, and the tables of docs/performance.md from it.

  python3 tests/bench/bench.py [--table train ..] [--only WORD ..] [--peers WORD ..] [--threads 1 2] [--rounds N] [--seconds S] [--out FILE]

A row is measured so. rnnc draws the weights; every peer begins at them, on the same random batch, and has to show the same losses for three
updates (forward passes: the same states) to 1e-5. Then rounds: each measures for some seconds, one after another, the others waiting,
pinned to as many processors as there are threads; a round gives the median of its runs. What counts is the ratio peer / rnnc within a
round, and the median of these over the rounds. Rows stand in rows.py, peers in peers.py. What is not installed is left out, and said.
It says how fast, not whether right: the tests' verdict does not depend on it."""
import argparse
import contextlib
import json
import math
import os
import statistics
import subprocess
import sys
import tempfile
import rows
from measure import chosen, measure_row, measure_start, title


def middle(rounds):
    """Seconds."""
    return statistics.median(r["median_s"] for r in rounds)


def figure(value):
    """Three digits."""
    return f"{value:.{max(0, 2 - math.floor(math.log10(value)))}f}"


def plural(threads):
    return f"{threads} thread{'s' if threads > 1 else ''}"


def line(*cells):
    return "| " + " | ".join(cells) + " |\n"


def head(*cells):
    return line(*cells) + line(*["---"] * len(cells))


def title_of(record):
    return title(rows.Row(**record["row"]))


def recorded(a, table, row, threads, rounds):
    a.record.append({"table": table, "row": row._asdict(), "threads": threads, "rounds": rounds})
    return rounds


def compare(a, mode, threads):
    """rnnc against the fastest peer. Yields the table's lines as they are measured."""
    what, unit, scale = {"train": ("A training step", "ms", 1e3), "forward": ("Whole sequences, forward", "ms", 1e3),
                         "step": ("A streaming step", "µs", 1e6)}[mode]
    alone = {title_of(r): r for r in a.record if r["table"] == mode and r["threads"] == 1}
    extra = (["GFLOP/s"] if mode == "train" else []) + (["one thread / this"] if threads > 1 else [])
    yield f"\n{what}, {plural(threads)}, {unit}:\n\n"
    yield head("B, T, I, H", "rnnc", *extra, "fastest peer", "peer / rnnc (rounds)", "the others",
               *(f"{path}, / rnnc" for path in a.rnnc[1:]))
    ratios = {False: [], True: []}
    for row in rows.TABLES[mode]:
        if not chosen(a.only, title(row)):
            continue
        result = dict(recorded(a, mode, row, threads, measure_row(a, row, mode, threads)))
        ours = result.pop("rnnc")
        if not ours:
            continue
        cells = [title(row), figure(scale * middle(ours))]
        if mode == "train":
            cells.append(f"{rows.operations(row) / middle(ours) / 1e9:.0f}")
        if threads > 1:
            before = alone.get(title(row))
            cells.append(f"{middle(before['rounds']['rnnc']) / middle(ours):.2f}" if before else "")
        ratio = {name: [t["median_s"] / o["median_s"] for t, o in zip(theirs, ours)] for name, theirs in result.items()}
        *others, best = [name for name in sorted(result, key=lambda name: -middle(result[name])) if name not in a.rnnc] or [None]
        cells.append(f"{best} {figure(scale * middle(result[best]))}" if best else "")
        cells.append(f"**{statistics.median(ratio[best]):.2f}** ({min(ratio[best]):.2f} to {max(ratio[best]):.2f})" if best else "")
        if best:
            ratios[rows.MODELS[row.cell].own].append(statistics.median(ratio[best]))
        cells.append(", ".join(f"{name} {figure(scale * middle(result[name]))}" for name in reversed(others)))
        cells += [f"{figure(scale * middle(result[path]))}, {statistics.median(ratio[path]):.2f}" for path in a.rnnc[1:]]
        yield line(*cells)
    for own, values in ratios.items():
        if len(values) > 1:
            yield f"\n{'Other' if own else 'Built-in'} cells: geometric mean of peer / rnnc {statistics.geometric_mean(values):.2f}, " \
                  f"least {min(values):.2f}.\n"


def growth(a, mode, threads):
    """Time and memory of a training step over lengths; where rnnc has --memory, also with a quarter of what oneDNN takes."""
    yield f"\nA training step by length, {plural(threads)}:\n\n"
    yield head("T", "who", "ms", "ms a step", "MB", "MB a step more than the row before")
    spares = "--memory" in subprocess.run([a.rnnc[0], "run", "-", "bench", "--help"], input=rows.model_text(rows.GROWTH[0], "train"),
                                          capture_output=True, text=True).stdout
    before = {}
    for row in rows.GROWTH:
        if not chosen(a.only, title(row)):
            continue
        spared = ("--memory", f"{rows.spared_mb(row):.0f}M") if spares and row.T >= 200 else ()
        for name, rounds in recorded(a, mode, row, threads, measure_row(a, row, "train", threads, spared)).items():
            if rounds:
                mb = rounds[-1]["peak_mb"]
                more = f"{(mb - before[name][1]) / (row.T - before[name][0]):.3f}" if name in before else ""
                before[name] = row.T, mb
                yield line(str(row.T), name, figure(1e3 * middle(rounds)), f"{1e3 * middle(rounds) / row.T:.3f}", f"{mb:.0f}", more)


def start(a, mode, threads):
    """From the start of a process: a training step compiled in memory, and an executable's first output."""
    yield f"\nFrom a process' start, {plural(threads)}, seconds:\n\n"
    yield head("to", "rnnc", "peers")
    for row, kind in ((row, kind) for row in rows.START if chosen(a.only, title(row)) for kind in ("train", "forward")):
        if kind == "forward" and rows.MODELS[row.cell].own:
            continue
        times = recorded(a, mode, row, threads, measure_start(a, row, kind, threads))
        seconds = sorted((statistics.median(t), name) for name, t in times.items() if name != "rnnc")
        yield line(f"{'the first training step' if kind == 'train' else 'the first output, by an executable'}: {title(row)}",
                   figure(statistics.median(times["rnnc"])), ", ".join(f"{name} {figure(s)}" for s, name in seconds))


TABLES = {"train": compare, "step": compare, "forward": compare, "growth": growth, "start": start}


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--rnnc", nargs="+", default=["build/rnnc"], metavar="PATH", help="more than one: a column for each other one")
    p.add_argument("--table", nargs="+", choices=list(TABLES), default=list(TABLES), help="default: all")
    p.add_argument("--only", nargs="+", metavar="WORD", help="rows whose name has one of these, as 'gru' or '32, 100, 64, 64'")
    p.add_argument("--peers", nargs="+", metavar="WORD", help="peers whose name has one of these; 'none' has none")
    p.add_argument("--threads", type=int, nargs="+", default=[1], metavar="N")
    p.add_argument("--rounds", type=int, default=5, metavar="N")
    p.add_argument("--seconds", type=float, default=2, metavar="S", help="of one measurement in a round")
    p.add_argument("--patience", type=float, default=300, metavar="S", help="a peer that takes longer to be ready is left out")
    p.add_argument("--check", action="store_true", help="compare losses, measure nothing")
    p.add_argument("--lock", metavar="FILE", help="on a shared machine: held while a round is measured; all else runs at idle priority")
    p.add_argument("--out", metavar="FILE", help="the tables; default: standard output")
    p.add_argument("--json", metavar="FILE", help="all results of all rounds")
    a = p.parse_args()
    a.record, a.failed = [], False
    name = os.devnull if a.check else a.out
    with tempfile.TemporaryDirectory() as a.build, open(name, "w") if name else contextlib.nullcontext(sys.stdout) as out:
        for table in a.table:
            for threads in a.threads:
                for text in TABLES[table](a, table, threads):
                    out.write(text)
                    out.flush()
    if a.json:
        with open(a.json, "w") as f:
            json.dump(a.record, f, indent=1)
    return 1 if a.failed else 0


if __name__ == "__main__":
    sys.exit(main())
