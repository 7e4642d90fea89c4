"""measure.py: one row, measured: rnnc and the peers that take part begin at the same weights, show that they do the same work, and are timed in
turn. What is asked of it are the options of bench.py (`a`)."""
import contextlib
import fcntl
import json
import os
import select
import subprocess
import sys
import tempfile
import time
from types import SimpleNamespace
import numpy as np
import child
import process
import rows
from peers import PEERS

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import weights  # noqa: E402

UPDATES, TOLERANCE = 3, 1e-5


def note(text):
    print(text, file=sys.stderr, flush=True)


def title(row):
    return f"{row.cell} {row.B}, {row.T}, {row.I}, {row.H}"


def chosen(words, text):
    return not words or any(word.lower() in text.lower() for word in words)


def processors(threads):
    return set(sorted(os.sched_getaffinity(0))[-threads:])


@contextlib.contextmanager
def alone(a):
    """While something is timed, no other run that names the same lock is."""
    with open(a.lock or os.devnull) as f:
        if a.lock:
            fcntl.flock(f, fcntl.LOCK_EX)
        yield


class Rnnc:
    """The compiler on one row: the weights and the check, then `rnnc bench` with `more` options, a process each time."""

    def __init__(self, a, path, row, mode, threads, name="rnnc", more=()):
        self.path, self.row, self.mode, self.threads, self.name, self.more = os.path.abspath(path), row, mode, threads, name, more
        self.polite = bool(a.lock)

    def call(self, folder, *words, timed=False):
        done = subprocess.run([self.path, *words], capture_output=True, text=True, cwd=folder,
                              preexec_fn=process.place(processors(self.threads), self.polite and not timed))
        if done.returncode:
            raise RuntimeError(f"{self.path} {' '.join(words)} ended with code {done.returncode}:\n{done.stderr}")
        return done.stdout

    def check(self, folder):
        """Losses of the first updates; of a forward pass the states."""
        where = ["--data", "d.npz", "--weights", "w.safetensors", "--threads", str(self.threads)]
        if self.mode == "train":
            sets = ["optimizer=adam(rate = 1e-3)", "clip=norm(1.0)", f"batch={self.row.B}", "shuffle=false", "validate=0"]
            self.call(folder, "run", "check.rnn", "train", *where, "--steps", str(UPDATES), "--trace", "t.npz", "--out", "o.safetensors",
                      *[w for s in sets for w in ("--set", s)])
            with np.load(f"{folder}/t.npz") as trace:
                return trace["loss"].tolist()
        self.call(folder, "run", "check.rnn", "forward", *where, "--out", "f.npz")
        with np.load(f"{folder}/f.npz") as out:
            return child.states(out["h"].swapaxes(0, 1))

    def measure(self, folder, seconds):
        r = self.row
        shortest = ["--shortest", str(r.T // 2)] if rows.MODELS[r.cell].lengths else []
        words = ["--mode", self.mode, "--batch", str(r.B), "--length", str(r.T), *shortest, "--threads", str(self.threads)]
        return json.loads(self.call(folder, "bench", "bench.rnn", *words, "--seconds", str(seconds), "--json", *self.more, timed=True))


def prepare(folder, rnnc):
    """Models, weights and data of a row, for rnnc and for the peers. Returns the peers' job."""
    row, model = rnnc.row, rows.MODELS[rnnc.row.cell]
    for name, drop in (("check", 0), ("bench", rows.DROP)):
        with open(f"{folder}/{name}.rnn", "w") as f:
            f.write(rows.model_text(row, rnnc.mode, drop))
    rnnc.call(folder, "run", "check.rnn", "init", "--out", "w.safetensors", "--seed", "1")
    first = weights.load_file(f"{folder}/w.safetensors")
    w = {name: np.array(a * model.scaled.get(name, 1), np.float32) for name, a in first.items()}
    weights.save_file(w, f"{folder}/w.safetensors")
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((row.B, row.T, row.I), np.float32), rng.integers(0, rows.CLASSES, (row.B, row.T))
    less = row.T - row.T // 2 if model.lengths else 0
    lengths = np.array([row.T - less * s // max(row.B - 1, 1) for s in range(row.B)])
    np.savez(f"{folder}/w.npz", **w)
    np.savez(f"{folder}/d.npz", x=x, y=y, lengths=lengths)
    return SimpleNamespace(cell=row.cell, B=row.B, T=row.T, I=row.I, H=row.H, mode=rnnc.mode, threads=rnnc.threads, updates=UPDATES, w=w,
                           x=x.swapaxes(0, 1), y=y.swapaxes(0, 1))


def taking_part(a, row, mode):
    """The peers of a row; of those that are not installed it is said how they would be."""
    found = [p for p in PEERS if p.mode == mode and (not p.cells or row.cell in p.cells) and chosen(a.peers, p.name)]
    for p in found:
        if not p.needs():
            note(f"  {p.name} is left out: {p.install}")
    return [p for p in found if p.needs()]


def ready(a, peer, folder, j, want):
    """A peer's process, started and checked; None, with the reason said, if it can't take part."""
    begin, running = time.perf_counter(), None
    try:
        running = process.Process(peer, folder, j, a.build, processors(j.threads), bool(a.lock))
        if not select.select([running.process.stdout], [], [], a.patience)[0]:
            raise RuntimeError(f"not ready after {a.patience:g} s")
        got = running.answer()["check"]
        off = max(abs(g - w) for g, w in zip(got, want, strict=True))
        if not off <= TOLERANCE:
            raise RuntimeError(f"it does other work: {got} where rnnc has {want}")
        note(f"  {peer.name}: ready in {time.perf_counter() - begin:.1f} s, differs by {off:.1e}")
        return running
    except (RuntimeError, subprocess.CalledProcessError) as e:
        note(f"  {peer.name} is left out: {e}")
        a.failed = True
        if running:
            with open(running.errors) as f:
                note("".join("    " + line for line in f.readlines()[-12:]))
            running.close()
        return None


def measure_row(a, row, mode, threads, spared=()):
    """{name: [one result a round]}, rnnc's first. `spared`: options of `rnnc bench`, with which it takes part once more."""
    note(f"{mode}: {title(row)}, {threads} thread{'s' if threads > 1 else ''}")
    ours = [Rnnc(a, path, row, mode, threads, "rnnc" if k == 0 else path) for k, path in enumerate(a.rnnc)]
    if spared:
        ours.append(Rnnc(a, a.rnnc[0], row, mode, threads, f"rnnc {spared[0]}", spared))
    result, theirs = {"rnnc": []}, []
    with tempfile.TemporaryDirectory() as folder:
        try:
            j = prepare(folder, ours[0])
            want = ours[0].check(folder)
            theirs = [p for p in (ready(a, peer, folder, j, want) for peer in taking_part(a, row, mode)) if p]
            result = {p.name: [] for p in [*ours, *theirs]}
            for _ in range(0 if a.check else a.rounds):
                with alone(a):
                    for p in ours:
                        result[p.name].append(p.measure(folder, a.seconds))
                    for p in theirs:
                        result[p.name].append(p.measure(a.seconds))
        except RuntimeError as e:
            note(f"  the row is left out: {e}")
            result, a.failed = {"rnnc": []}, True
        finally:
            for p in theirs:
                p.close()
    return result


def measure_start(a, row, mode, threads):
    """{name: [seconds a round]} from the start of a process to the end of its first training step or forward pass. In a first round, which is
    left out, programs are built and files read; nobody finds graphs compiled."""
    times = {}

    def clock(name, run):
        begin = time.perf_counter()
        run()
        times.setdefault(name, []).append(time.perf_counter() - begin)

    def first_answer(peer):
        with contextlib.closing(process.Process(peer, folder, j, a.build, processors(threads))) as p:
            p.answer()

    note(f"start: {title(row)}, {mode}")
    with tempfile.TemporaryDirectory() as folder:
        rnnc = Rnnc(a, a.rnnc[0], row, mode, threads)
        j = prepare(folder, rnnc)
        j.updates = 1
        where = ["--data", "d.npz", "--weights", "w.safetensors", "--threads", str(threads)]
        words = ["run", "bench.rnn", "train", *where, "--steps", "1", "--out", "o.safetensors"]
        if mode == "forward":
            rnnc.call(folder, "bench.rnn", "-o", "bench")
            rnnc.path, words = f"{folder}/bench", ["forward", *where, "--out", "o.npz"]
        theirs = taking_part(a, row, mode)
        for _ in range(a.rounds + 1):
            with alone(a):
                clock("rnnc", lambda: rnnc.call(folder, *words, timed=True))
                for peer in theirs:
                    clock(peer.name, lambda: first_answer(peer))
    return {name: seconds[1:] for name, seconds in times.items()}
