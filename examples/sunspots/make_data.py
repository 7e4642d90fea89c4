"""make_data.py [FOLDER]: cuts sunspots_monthly.csv into sequences for sunspots.rnn and direct.rnn, as forced_PART.npz and free_PART.npz in
FOLDER (default: beside this file). In the order of the file the first 70 % train, the next 15 % validate, the last 15 % test.

forced: every month is known. Training has windows of 240 months, one every 24; a part that is held out is one sequence, which begins
with the 240 months before the part; those are read and do not count.
free: a sequence ends with 12 months that are not known, the last of which counts (in training all 12 do): one sequence for each month of
a part that is held out, one for every 6th of the training part, of 240 months before them."""
import csv
import os
import sys
import numpy as np

BEFORE, AHEAD = 240, 12
here = os.path.dirname(os.path.abspath(__file__))
folder = sys.argv[1] if len(sys.argv) > 1 else here
with open(os.path.join(here, "sunspots_monthly.csv")) as f:
    months = np.array([float(row["sunspots"]) for row in csv.DictReader(f)], dtype=np.float32) / 100
n = len(months)
parts = {"train": (0, n * 70 // 100), "valid": (n * 70 // 100, n * 85 // 100), "test": (n * 85 // 100, n)}


def save(name, windows, unknown, counted):
    """windows: (first, end) of equal length; the last `unknown` months are not known, the last `counted` count"""
    x = np.stack([months[first:end] for first, end in windows])
    known, scored = np.ones_like(x), np.zeros_like(x)
    known[:, x.shape[1] - unknown:] = 0
    scored[:, x.shape[1] - counted:] = 1
    np.savez(os.path.join(folder, name + ".npz"), x=x, known=known, scored=scored)


for part, (first, end) in parts.items():
    if part == "train":
        save("forced_train", [(i, i + BEFORE) for i in range(0, end - BEFORE + 1, 24)], 0, BEFORE - 24)
        save("free_train", [(i - AHEAD - BEFORE, i) for i in range(AHEAD + BEFORE, end + 1, 6)], AHEAD, AHEAD)
    else:
        save("forced_" + part, [(first - BEFORE, end)], 0, end - first)
        save("free_" + part, [(i + 1 - AHEAD - BEFORE, i + 1) for i in range(first, end)], AHEAD, 1)
