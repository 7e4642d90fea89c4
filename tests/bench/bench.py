"""bench.py: rnnc and its peers on the same work, in turn, and the tables of docs/performance.md from it.

  python3 tests/bench/bench.py [--table train ..] [--only WORD ..] [--peers WORD ..] [--threads 1 2] [--rounds N] [--seconds S] [--out FILE]

A row is measured so. rnnc draws the weights; every peer begins at them, on the same random batch, and has to show the same losses for three
updates (forward passes: the same states) to TOLERANCE. Then rounds: each measures for some seconds, one after another, the others waiting,
pinned to as many processors as there are threads; a round gives the median of its runs. What counts is the ratio peer / rnnc within a
round, and the median of these over the rounds. Rows stand in rows.py, peers in peers.py. What is not installed is left out, and said.
It says how fast, not whether right: the tests' verdict does not depend on it."""
import argparse
import contextlib
import fcntl
import json
import math
import os
import select
import statistics
import subprocess
import sys
import tempfile
import time
from types import SimpleNamespace
import numpy as np
import child
import peers
import rows

sys.path.insert(0, os.path.join(peers.HERE, ".."))
import weights  # noqa: E402

UPDATES, TOLERANCE = 3, 1e-5
TABLES = {"train": rows.TRAIN, "step": rows.STEP, "forward": rows.FORWARD, "growth": rows.GROWTH, "start": rows.START}


def note(text):
    print(text, file=sys.stderr, flush=True)


class Rnnc:
    """The compiler on one row: first the weights and the check, then `rnnc bench`, a process each time."""

    def __init__(self, path, name, row, mode, threads, cpus, polite):
        self.path, self.name, self.row, self.mode, self.threads, self.cpus = os.path.abspath(path), name, row, mode, threads, cpus
        self.polite = polite

    def call(self, folder, *words, timed=False):
        done = subprocess.run([self.path, *words], capture_output=True, text=True, cwd=folder,
                              preexec_fn=peers.place(self.cpus, self.polite and not timed))
        if done.returncode:
            sys.exit(f"{self.path} {' '.join(words)} ended with code {done.returncode}:\n{done.stderr}")
        return done.stdout

    def check(self, folder):
        where = ["--data", "d.npz", "--weights", "w.safetensors"]
        if self.mode == "train":
            sets = ["optimizer=adam(rate = 1e-3)", "clip=norm(1.0)", f"batch={self.row.B}", "shuffle=false", "validate=0"]
            self.call(folder, "run", "check.rnn", "train", *where, "--steps", str(UPDATES), "--threads", str(self.threads), "--trace", "t.npz", "--out",
                      "o.safetensors", *[w for s in sets for w in ("--set", s)])
            with np.load(f"{folder}/t.npz") as trace:
                return trace["loss"].tolist()
        self.call(folder, "run", "check.rnn", "forward", *where, "--out", "f.npz")
        with np.load(f"{folder}/f.npz") as out:
            return child.states(out["h"].swapaxes(0, 1))

    def measure(self, folder, seconds):
        r = self.row
        shorter = ["--shortest", str(r.T // 2)] if rows.MODELS[r.cell].lengths else []
        return json.loads(self.call(folder, "bench", "bench.rnn", "--mode", self.mode, "--batch", str(r.B), "--length", str(r.T), *shorter, "--threads",
                                    str(self.threads), "--seconds", str(seconds), "--json", timed=True))


def prepare(folder, row, mode, rnnc):
    """Models, weights and data of a row, for rnnc and for the peers. Returns the peers' job."""
    for name, drop in (("check", 0), ("bench", rows.DROP)):
        with open(f"{folder}/{name}.rnn", "w") as f:
            f.write(rows.model_text(row, mode, drop))
    rnnc.call(folder, "run", "check.rnn", "init", "--out", "w.safetensors", "--seed", "1")
    scaled = rows.MODELS[row.cell].scaled
    w = {name: np.array(a * scaled.get(name, 1), np.float32) for name, a in weights.load_file(f"{folder}/w.safetensors").items()}
    weights.save_file(w, f"{folder}/w.safetensors")
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((row.B, row.T, row.I), np.float32), rng.integers(0, rows.CLASSES, (row.B, row.T))
    shortest = row.T // 2 if rows.MODELS[row.cell].lengths else row.T
    lengths = np.array([row.T - (row.T - shortest) * s // max(row.B - 1, 1) for s in range(row.B)])
    np.savez(f"{folder}/w.npz", **w)
    np.savez(f"{folder}/d.npz", x=x, y=y, lengths=lengths)
    return SimpleNamespace(cell=row.cell, B=row.B, T=row.T, I=row.I, H=row.H, mode=mode, threads=rnnc.threads, updates=UPDATES, w=w,
                           x=x.swapaxes(0, 1), y=y.swapaxes(0, 1))


def takes_part(a, peer, row, mode):
    if peer.mode != mode or (peer.cells and row.cell not in peer.cells) or not chosen(a.peers, peer.name):
        return False
    if not peer.needs():
        note(f"  {peer.name} is left out: {peer.install}")
        return False
    return True


def start(a, folder, row, j, cpus, want):
    """The peers that can take part in a row and show the same numbers, started."""
    found = []
    for peer in peers.PEERS:
        if not takes_part(a, peer, row, j.mode):
            continue
        begin, p = time.perf_counter(), None
        try:
            p = peers.Process(peer, folder, j, a.build, cpus, bool(a.lock))
            if not select.select([p.process.stdout], [], [], a.patience)[0]:
                raise RuntimeError(f"{peer.name} was not ready after {a.patience:g} s")
            got = p.answer()["check"]
            off = max(abs(g - w) for g, w in zip(got, want, strict=True))
            if not off <= TOLERANCE:
                raise RuntimeError(f"{peer.name} does other work: {got} where rnnc has {want}")
            note(f"  {peer.name}: ready in {time.perf_counter() - begin:.1f} s, differs by {off:.1e}")
            found.append(p)
        except (RuntimeError, subprocess.CalledProcessError) as e:
            note(f"  {peer.name} is left out: {e}")
            a.failed = True
            if p:
                with open(f"{folder}/{peer.name}.err") as f:
                    note("".join("    " + line for line in f.readlines()[-12:]))
                p.close()
    return found


def chosen(words, text):
    return not words or any(word.lower() in text.lower() for word in words)


@contextlib.contextmanager
def alone(a):
    """While something is timed, no other run that names the same lock is."""
    with open(a.lock or os.devnull) as f:
        if a.lock:
            fcntl.flock(f, fcntl.LOCK_EX)
        yield


def title(row):
    return f"{row.cell} {row.B}, {row.T}, {row.I}, {row.H}"


def measure_row(a, row, mode, threads):
    """{name: [one result a round]}, rnnc's first."""
    note(f"{mode}: {title(row)}, {threads} thread{'s' if threads > 1 else ''}")
    cpus = set(sorted(os.sched_getaffinity(0))[-threads:])
    with tempfile.TemporaryDirectory() as folder:
        ours = [Rnnc(path, "rnnc" if k == 0 else path, row, mode, threads, cpus, bool(a.lock)) for k, path in enumerate(a.rnnc)]
        j = prepare(folder, row, mode, ours[0])
        want = ours[0].check(folder)
        found = start(a, folder, row, j, cpus, want)
        result = {p.name: [] for p in [*ours, *found]}
        try:
            for _ in range(0 if a.check else a.rounds):
                with alone(a):
                    for p in ours:
                        result[p.name].append(p.measure(folder, a.seconds))
                    for p in found:
                        result[p.name].append(p.measure(a.seconds))
        finally:
            for p in found:
                p.close()
    return result


def median_ratio(theirs, ours):
    return statistics.median(t["median_s"] / o["median_s"] for t, o in zip(theirs, ours))


def seconds(rounds):
    return statistics.median(r["median_s"] for r in rounds)


def figure(value):
    """Three digits."""
    return f"{value:.{max(0, 2 - math.floor(math.log10(value)))}f}" if value > 0 else "0"


def geometric(values):
    return math.exp(statistics.fmean(map(math.log, values)))


def compare(a, mode, table, threads):
    """A table of rnnc against the fastest peer, one row a row. Yields its lines as they are measured."""
    unit, scale = ("µs", 1e6) if mode == "step" else ("ms", 1e3)
    yield f"\n{ {'train': 'A training step', 'forward': 'Whole sequences, forward', 'step': 'A streaming step'}[mode] }, {threads} thread" \
          f"{'s' if threads > 1 else ''}, {unit}:\n\n"
    flops = mode == "train"
    yield f"| B, T, I, H | rnnc |{' GFLOP/s |' if flops else ''} fastest peer | peer / rnnc | the others |\n"
    yield f"| --- | --- | --- | --- | --- |{' --- |' if flops else ''}\n"
    ratios = {True: [], False: []}
    for row in table:
        if not chosen(a.only, title(row)):
            continue
        result = measure_row(a, row, mode, threads)
        a.record.append({"table": mode, "row": row, "threads": threads, "rounds": result})
        if not result["rnnc"]:
            continue
        ours = result.pop("rnnc")
        ordered = sorted(((seconds(r), median_ratio(r, ours), name) for name, r in result.items()))
        best = ordered[0] if ordered else None
        model = rows.MODELS[row.cell]
        length = row.T * 0.75 if model.lengths else row.T
        line = f"| {title(row)} | {figure(scale * seconds(ours))} |"
        if flops:
            line += f" {model.flops(row.B, length, row.I, row.H) / seconds(ours) / 1e9:.0f} |"
        if best:
            ratios[model.own].append(best[1])
            line += f" {best[2]} {figure(scale * best[0])} | **{best[1]:.2f}** |"
        else:
            line += " | |"
        yield line + " " + ", ".join(f"{name} {figure(scale * s)}" for s, _, name in ordered[1:]) + " |\n"
    for own, values in ratios.items():
        if len(values) > 1:
            yield f"\nGeometric mean of peer / rnnc over the {'other' if own else 'built-in'} cells: {geometric(values):.2f}, least {min(values):.2f}.\n"


def growth(a, table, threads):
    """Time and memory of one step over lengths."""
    yield f"\nTime and memory of a training step, by length, {threads} thread{'s' if threads > 1 else ''}:\n\n"
    yield "| T | who | ms | ms a step | MB | MB a step, from the row before |\n| --- | --- | --- | --- | --- | --- |\n"
    before = {}
    for row in table:
        if not chosen(a.only, title(row)):
            continue
        result = measure_row(a, row, "train", threads)
        a.record.append({"table": "growth", "row": row, "threads": threads, "rounds": result})
        for name, r in result.items():
            if not r:
                continue
            ms, mb = 1e3 * seconds(r), r[-1]["peak_mb"]
            more = f"{(mb - before[name][1]) / (row.T - before[name][0]):.3f}" if name in before else ""
            before[name] = row.T, mb
            yield f"| {row.T} | {name} | {figure(ms)} | {ms / row.T:.3f} | {mb:.0f} | {more} |\n"


def start_up(a, table, threads):
    """Seconds from the start of a process to the end of its first training step, and to its first output. Nobody finds graphs compiled."""
    yield f"\nFrom a process' start, {threads} thread{'s' if threads > 1 else ''}, seconds:\n\n| what | rnnc | peers |\n| --- | --- | --- |\n"
    cpus = set(sorted(os.sched_getaffinity(0))[-threads:])
    for row, mode in ((row, mode) for row in table if chosen(a.only, title(row)) for mode in ("train", "forward")):
        if mode == "forward" and rows.MODELS[row.cell].own:
            continue
        with tempfile.TemporaryDirectory() as folder:
            rnnc = Rnnc(a.rnnc[0], "rnnc", row, mode, threads, cpus, bool(a.lock))
            j = prepare(folder, row, mode, rnnc)
            j.updates = 1
            where = ["--data", "d.npz", "--weights", "w.safetensors", "--threads", str(threads)]
            words = ["run", "bench.rnn", "train", *where, "--steps", "1", "--out", "o.safetensors"]
            if mode == "forward":
                rnnc.call(folder, "bench.rnn", "-o", "bench")
                rnnc.path, words = f"{folder}/bench", ["forward", *where, "--out", "o.npz"]
            times = {}

            def clock(name, run):
                begin = time.perf_counter()
                run()
                times.setdefault(name, []).append(time.perf_counter() - begin)

            def first(peer):
                with contextlib.closing(peers.Process(peer, folder, j, a.build, cpus)) as p:
                    p.answer()
            taking = [p for p in peers.PEERS if takes_part(a, p, row, mode)]
            for _ in range(a.rounds + 1):
                with alone(a):
                    clock("rnnc", lambda: rnnc.call(folder, *words, timed=True))
                    for peer in taking:
                        clock(peer.name, lambda: first(peer))
        a.record.append({"table": "start", "row": row, "mode": mode, "threads": threads, "rounds": times})
        middle = {name: statistics.median(t[1:]) for name, t in times.items()}  # in the first round programs are built and files read
        ours = middle.pop("rnnc")
        yield f"| {title(row)}: {'first training step' if mode == 'train' else 'first output, an executable'} | {figure(ours)} | " \
              + ", ".join(f"{name} {figure(t)}" for name, t in sorted(middle.items(), key=lambda x: x[1])) + " |\n"


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--rnnc", nargs="+", default=["build/rnnc"], metavar="PATH", help="more than one: the others take part as peers")
    p.add_argument("--table", nargs="+", choices=list(TABLES), default=list(TABLES), help="default: all")
    p.add_argument("--only", nargs="+", metavar="WORD", help="rows whose name has one of these, as 'gru' or '32, 100, 64, 64'")
    p.add_argument("--peers", nargs="+", metavar="WORD", help="peers whose name has one of these; 'none' has none")
    p.add_argument("--threads", type=int, nargs="+", default=[1], metavar="N")
    p.add_argument("--rounds", type=int, default=5, metavar="N")
    p.add_argument("--seconds", type=float, default=2, metavar="S", help="of one measurement in a round")
    p.add_argument("--patience", type=float, default=300, metavar="S", help="a peer that takes longer to be ready is left out")
    p.add_argument("--check", action="store_true", help="compare losses, measure nothing")
    p.add_argument("--lock", metavar="FILE", help="on a machine that is shared: this lock is held while a round is measured, and all else runs at idle priority")
    p.add_argument("--out", metavar="FILE", help="the tables; default: standard output")
    p.add_argument("--json", metavar="FILE", help="all results of all rounds")
    a = p.parse_args()
    a.record, a.failed = [], False
    with tempfile.TemporaryDirectory() as a.build, (open(os.devnull if a.check else a.out, "w") if a.check or a.out
                                                          else contextlib.nullcontext(sys.stdout)) as out:
        for name in a.table:
            for threads in a.threads:
                makers = {"growth": growth, "start": start_up}
                lines = makers[name](a, TABLES[name], threads) if name in makers else compare(a, name, TABLES[name], threads)
                for line in lines:
                    out.write(line)
                    out.flush()
    if a.json:
        with open(a.json, "w") as f:
            json.dump([{**r, "row": r["row"]._asdict()} for r in a.record], f, indent=1)
    return 1 if a.failed else 0


if __name__ == "__main__":
    sys.exit(main())
