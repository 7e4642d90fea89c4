"""table.py RNNC FOLDER [OPTION=VALUE ..]: trains adding.rnn and copy.rnn by each cell of the list below, with data made by make_data.py in
FOLDER, and prints the table of their test losses in Markdown. Options, with their defaults:
  cells=all (or names with semicolons)  tasks=adding,copy  steps=400  gap=100  sequences=20000  epochs= (as the models say)  seed=0  units=64
A line a run goes to standard error while it works."""
import json
import math
import os
import subprocess
import sys
import time
import numpy as np
import make_data

# name in the table, the cell in the model, the rate, and biases that begin at +-log(uniform(1, T - 1)), so that units remember for
# anything from 1 to T steps (C. Tallec, Y. Ollivier, Can recurrent neural networks warp time?, 2018)
CELLS = [
    ("elman", "elman({n})", 1e-3, {}),
    ("irnn", "irnn({n})", 1e-3, {}),
    ("indrnn", "indrnn({n})", 1e-3, {}),
    ("antisymmetric", "antisymmetric({n})", 4e-3, {}),
    ("exprnn", "exprnn({n})", 4e-3, {}),
    ("lstm", "lstm({n})", 4e-3, {}),
    ("lstm, slow", "lstm({n})", 4e-3, {"h.bf": 1, "h.bi": -1}),
    ("gru, slow", "gru({n})", 4e-3, {"h.bz": 1}),
    ("mgu, slow", "mgu({n})", 4e-3, {"h.bf": -1}),
    ("mingru, slow", "mingru({n})", 4e-3, {"h.bz": -1}),
]
STANDS = "lstm(64)"  # the cell in adding.rnn and copy.rnn
here = os.path.dirname(os.path.abspath(__file__))


def begin(rnnc, stem, seed, slow, steps):
    """STEM_first.npz: first weights, those of `slow` replaced"""
    subprocess.run([rnnc, "run", stem + ".rnn", "init", "--seed", seed, "--out", stem + "_first.npz"], check=True, stderr=subprocess.DEVNULL)
    with np.load(stem + "_first.npz") as f:
        weights = dict(f)
    for name, sign in slow.items():
        at = weights[name]
        at[:] = sign * np.log(np.random.default_rng(int(seed)).uniform(1, steps - 1, at.shape))
    np.savez(stem + "_first.npz", **weights)


def train(rnnc, folder, task, cell, options, steps):
    """(parameters, test loss, seconds) of one cell on one task; its files are FOLDER/TASK_CELL.*"""
    name, text, rate, slow = cell
    stem = os.path.join(folder, f"{task}_{name.replace(', ', '_')}")
    with open(os.path.join(here, task + ".rnn")) as f:
        model = f.read()
    assert model.count(STANDS) == 1
    with open(stem + ".rnn", "w") as f:
        f.write(model.replace(STANDS, text.format(n=options["units"])))
    begin(rnnc, stem, options["seed"], slow, steps)
    settings = ["--set", f"optimizer=adam(rate = {rate})", "--seed", options["seed"]]
    settings += ["--epochs", options["epochs"]] if options["epochs"] else []
    begun = time.time()
    subprocess.run([rnnc, "run", stem + ".rnn", "train", "--quiet", *settings, "--weights", stem + "_first.npz", "--out",
                    stem + ".safetensors", "--save", stem + ".ckpt.safetensors", "--log", stem + ".jsonl"], check=True)
    seconds = time.time() - begun
    said = subprocess.run([rnnc, "run", stem + ".rnn", "evaluate", "--json", "--weights", stem + ".safetensors"],
                          check=True, stdout=subprocess.PIPE).stdout
    with open(stem + ".jsonl") as f:
        parameters = json.loads(f.readline())["parameters"]
    return parameters, json.loads(said)["loss"], seconds


def main(rnnc, folder, options):
    tasks = options["tasks"].split(",")
    cells = CELLS if options["cells"] == "all" else [c for c in CELLS if c[0] in options["cells"].split(";")]
    steps, gap = int(options["steps"]), int(options["gap"])
    make_data.make(folder, {"adding": steps * ("adding" in tasks), "copy": gap * ("copy" in tasks), "sequences": int(options["sequences"])})
    chance = {"adding": 1 / 6, "copy": 10 * math.log(8) / (gap + 20)}
    heads = {"adding": f"adding, T = {steps}: mean squared error", "copy": f"copy, gap {gap}: nats a step"}
    print("| cell |" + "".join(f" parameters | {heads[t]} | seconds |" for t in tasks))
    print("| --- |" + " --- | --- | --- |" * len(tasks))
    print("| chance |" + "".join(f" | {chance[t]:.4f} | |" for t in tasks), flush=True)
    for cell in cells:
        row = f"| `{cell[0]}` |"
        for task in tasks:
            parameters, loss, seconds = train(rnnc, folder, task, cell, options, {"adding": steps, "copy": gap + 20}[task])
            print(f"{task} {cell[0]} {loss:.6f} {seconds:.0f}", file=sys.stderr, flush=True)
            row += f" {parameters} | {loss:.4g} | {seconds:.0f} |"
        print(row, flush=True)


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    defaults = {"cells": "all", "tasks": "adding,copy", "steps": "400", "gap": "100", "sequences": "20000", "epochs": "", "seed": "0",
                "units": "64"}
    given = dict(word.split("=") for word in sys.argv[3:])
    if set(given) - set(defaults):
        sys.exit(f"no option {', '.join(set(given) - set(defaults))}\n\n{__doc__}")
    main(sys.argv[1], sys.argv[2], {**defaults, **given})
