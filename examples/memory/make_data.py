"""make_data.py FOLDER [adding=STEPS] [copy=GAP] [sequences=N]: the data of adding.rnn and copy.rnn as TASK_train.npz, TASK_valid.npz and
TASK_test.npz in FOLDER; N sequences to train on (default 20,000), a tenth of that in the other parts. Steps: 400; gap: 100."""
import os
import sys
import numpy as np


def adding(rng, n, steps):
    """One number is marked in each half; a model that always says 1 has a mean squared error of 1/6."""
    x = np.zeros((n, steps, 2), dtype=np.float32)
    x[:, :, 0] = rng.random((n, steps))
    rows = np.arange(n)
    for first in (0, steps // 2):
        x[rows, rng.integers(first, first + steps // 2, n), 1] = 1
    return {"x": x, "total": (x[:, :, 0] * x[:, :, 1]).sum(1, keepdims=True)}


def copy(rng, n, gap):
    """gap + 20 steps; a model that says blanks, then any symbol, has a loss of 10 log(8) / (gap + 20)."""
    symbols = rng.integers(0, 8, (n, 10))
    x = np.full((n, gap + 20), 8)
    y = x.copy()
    x[:, :10], x[:, gap + 9], y[:, -10:] = symbols, 9, symbols
    return {"x": x, "y": y}


def make(folder, sizes):
    n = sizes.pop("sequences", 20000)
    for task, make_task in (("adding", adding), ("copy", copy)):
        if sizes.get(task) == 0:
            continue
        for seed, (part, count) in enumerate((("train", n), ("valid", n // 10), ("test", n // 10))):
            arrays = make_task(np.random.default_rng(seed), count, sizes[task])
            np.savez(os.path.join(folder, f"{task}_{part}.npz"), **arrays)


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    given = {name: int(value) for name, value in (word.split("=") for word in sys.argv[2:])}
    make(sys.argv[1], {"adding": 400, "copy": 100, **given})
