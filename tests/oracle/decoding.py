"""decoding.py --rnnc PATH: decode of compiled models against every sequence that there is, each with the log probability that the program
forward gives it when it is observed (teacher forcing, all steps at once)."""
import argparse
import itertools
import json
import os
import subprocess
import sys
import tempfile
import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, ".."))
import weights  # noqa: E402

END, LENGTH = 0, 3
CHAIN = """model chain {
  input who : real[2]
  target y[t] : token[6]
  h[t] = lstm(4)(embedding(3)(y[t-1]))
  h[0] = W @ who
  y[t] ~ categorical(dense(6)(concat(h[t], e[t])))
  e[t] = embedding(2)(y[t-2])
}
"""


def run(rnnc, model, command, *options):
    r = subprocess.run([rnnc, "run", model, command, *options, "--precision", "f64"], capture_output=True, text=True)
    if r.returncode:
        raise RuntimeError(r.stderr[-800:])
    return r.stdout


def sequences(classes):
    """all that end within LENGTH symbols, and those that are cut off there"""
    symbols = [k for k in range(classes) if k != END]
    for n in range(LENGTH):
        yield from ([*s, END] for s in itertools.product(symbols, repeat=n))
    yield from (list(s) for s in itertools.product(symbols, repeat=LENGTH))


def forced(rnnc, model, folder, one, classes):
    """{symbols: log P} of one sequence of the data, whose inputs are repeated for each"""
    all_of = list(sequences(classes))
    y = np.zeros((len(all_of), LENGTH), int)
    for i, s in enumerate(all_of):
        y[i, :len(s)] = s
    data = {k: np.repeat(v, len(all_of), 0) for k, v in one.items()} | {"y": y, "lengths": np.array([len(s) for s in all_of])}
    np.savez(f"{folder}/f.npz", **data)
    run(rnnc, model, "forward", "--data", f"{folder}/f.npz", "--weights", f"{folder}/w.safetensors", "--out", f"{folder}/o.npz")
    with np.load(f"{folder}/o.npz") as z:
        o = z["y.dense"]
    logp = o - np.log(np.exp(o).sum(2, keepdims=True))
    return {tuple(s): sum(logp[i, t, k] for t, k in enumerate(s)) for i, s in enumerate(all_of)}


def score(kind, logp, n):
    return logp / {"none": 1, "wu(0.8)": ((5 + n) / 6) ** 0.8, "mean": n}[kind]


def check(rnnc, model, folder, data, classes):
    np.savez(f"{folder}/d.npz", **data)
    common = ["--data", f"{folder}/d.npz", "--weights", f"{folder}/w.safetensors", "--end", str(END), "--length", str(LENGTH), "--json"]
    count = len(next(iter(data.values())))
    every = [forced(rnnc, model, folder, {k: v[n:n + 1] for k, v in data.items()}, classes) for n in range(count)]

    def decode(*options):
        found = [[] for _ in range(count)]
        for line in map(json.loads, run(rnnc, model, "decode", *common, *options).splitlines()):
            key = (*line["y"], *([END] if line["ended"] else []))
            if abs(line["log_probability"] - every[line["sequence"] - 1][key]) > 1e-7:
                raise RuntimeError(f"{key}: {line['log_probability']}, forced {every[line['sequence'] - 1][key]}")
            found[line["sequence"] - 1].append((key, line["score"]))
        return found

    for kind in "none", "wu(0.8)", "mean":
        best = [max(score(kind, p, len(s)) for s, p in e.items()) for e in every]
        for batch in 1, 2, 7:
            wide = decode("--beam", str(classes ** LENGTH), "--best", "3", "--length-penalty", kind, "--batch", str(batch))
            if max(abs(w[0][1] - b) for w, b in zip(wide, best)) > 1e-7:
                raise RuntimeError(f"{kind}, batch {batch}: {[w[0] for w in wide]}, the best are {best}")
    if decode() != decode("--beam", "1"):
        raise RuntimeError("a beam of one is not the likeliest")
    draws = [key for d in decode("--temperature", "1", "--best", "50") for key, _ in d]
    return f"{sum(map(len, every))} sequences, {len(set(draws))} of them drawn"


def main():
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("--rnnc", required=True)
    rnnc = p.parse_args().rnnc
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        with np.load(os.path.join(HERE, "two_axes", "encoder_decoder.npz")) as z:
            params = {k[4:]: 2 * z[k] for k in z.files if k.startswith("par.")}
            pairs = {"x": z["in.x"], "lengths_s": z["lengths_2"]}
        open(f"{folder}/chain.rnn", "w").write(CHAIN)
        run(rnnc, f"{folder}/chain.rnn", "init", "--seed", "4", "--out", f"{folder}/w.safetensors")
        cases = [("one to many", f"{folder}/chain.rnn", {"who": np.array([[1.5, -1], [-2, 0.5]])}, None),
                 ("encoder_decoder", os.path.join(HERE, "two_axes", "encoder_decoder.rnn"), pairs, params)]
        for name, model, data, own in cases:
            if own:
                weights.save_file(own, f"{folder}/w.safetensors")
            try:
                print(f"ok   {name}: {check(rnnc, model, folder, data, 6)}")
            except RuntimeError as e:
                failed += 1
                print(f"FAIL {name}: {e}")
    print(f"decoding: {len(cases) - failed} passed, {failed} failed")
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
