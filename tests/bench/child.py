"""child.py: the peers' side of the conversation with bench.py; peer_*.py are programs that use it.

A peer is a process of its own, so that threads and libraries don't meet. Its argument is a folder with job.json (cell, B, T, I, H, mode,
threads, variant, updates), w.npz (the weights under rnnc's names) and d.npz (x, y, lengths). It answers one line of JSON first, {"check": numbers
that have to agree with rnnc's}, then one for each line it reads, which says for how many seconds to measure: {"median_s": ..}."""
import json
import resource
import statistics
import sys
import time
from types import SimpleNamespace
import numpy as np


def job():
    """The job with its arrays: w by name; x [T, B, I], y [T, B], lengths [B]."""
    folder = sys.argv[1]
    with open(f"{folder}/job.json") as f:
        j = SimpleNamespace(**json.load(f), folder=folder)
    with np.load(f"{folder}/w.npz") as w:
        j.w = {name: w[name] for name in w.files}
    with np.load(f"{folder}/d.npz") as d:
        j.x, j.y, j.lengths = np.ascontiguousarray(d["x"].swapaxes(0, 1)), np.ascontiguousarray(d["y"].swapaxes(0, 1)), d["lengths"]
    return j


def gates(w, path, order):
    """W, U and b of the gates one below another, in the peer's order."""
    return [np.concatenate([w[f"{path}.{kind}{gate}"] for gate in order]) for kind in "WUb"]


def states(h):
    """What forward passes are compared by: the mean size of the state at the first, second and last step. h: [T, ...]"""
    return [float(np.abs(h[t]).mean()) for t in (0, 1, -1)]


def say(**what):
    print(json.dumps(what), flush=True)


def serve(run, check, calls=1):
    """Answers with `check`, then measures `run`, which does `calls` of what is measured."""
    say(check=check)
    for line in sys.stdin:
        times, end = [], time.perf_counter() + float(line)
        while len(times) < 3 or time.perf_counter() < end:
            start = time.perf_counter()
            run()
            times.append((time.perf_counter() - start) / calls)
        say(median_s=statistics.median(times), runs=len(times), peak_mb=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
