"""operators.py RNNC: the generated code of every operator against the interpreter, in both precisions.

One model an operator, values at t of sequences of different lengths, in sizes that fill vectors and leave remainders; by `forward` and, where it has a
derivative, by `gradient`. Every named row of the operator table and every builtin must have a case here."""
import os
import re
import subprocess
import sys
import tempfile
import numpy as np

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import weights  # noqa: E402

rnnc = os.path.abspath(sys.argv[1])
root = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
BOUND = {"f64": 1e-12, "f32": 2e-4}
# operator: (expression over a[t], b[t], c[t] vectors and k[t], j[t] tokens, range of values)
ONE = {"abs": (-2, 2), "sign": (-2, 2), "relu": (-2, 2), "exp": (-2, 2), "log": (0.1, 9), "sqrt": (0.1, 9), "tanh": (-4, 4), "sigmoid": (-9, 9),
       "softplus": (-9, 9), "erf": (-3, 3), "expm1": (-2, 2), "log1p": (-0.5, 4), "sin": (-9, 9), "cos": (-9, 9), "floor": (-4, 4),
       "lgamma": (0.05, 14), "digamma": (0.3, 14), "is_number": (-4, 4)}
CASES = {name: (f"{name}(a[t])", span) for name, span in ONE.items()}
CASES.update({name: (f"a[t] {name} b[t]", (-2, 2)) for name in ("+", "-", "*", "<", "<=", ">", ">=", "and", "or")})
CASES.update({"==": ("floor(a[t]) == floor(b[t])", (-2, 2)), "!=": ("floor(a[t]) != floor(b[t])", (-2, 2)), "not": ("not floor(a[t])", (-2, 2)),
              "/": ("a[t] / b[t]", (0.5, 2)), "^": ("a[t] ^ b[t]", (0.2, 3)), "neg": ("-a[t]", (-2, 2)), "min": ("min(a[t], b[t])", (-2, 2)),
              "max": ("max(a[t], b[t])", (-2, 2)), "where": ("where(a[t] > 0, b[t], c[t])", (-2, 2))})
CASES.update({
    "sum": ("sum(a[t]) * b[t]", (-2, 2)), "max over": ("max(a[t]) * b[t]", (-2, 2)), "min over": ("min(a[t]) * b[t]", (-2, 2)),
    "softmax": ("softmax(a[t])", (-4, 4)), "logsumexp": ("logsumexp(a[t]) * b[t]", (-4, 4)), "argmax": ("argmax(a[t]) + b[t]", (-4, 4)),
    "concat": ("slice(concat(a[t], sum(b[t]), c[t]), 1, N)", (-2, 2)), "slice": ("slice(concat(a[t], b[t]), 1, N) * slice(a[t], 0, N)", (-2, 2)),
    "reshape": ("reshape(concat(a[t], tanh(b[t])), N, 2) @ ones(2) * c[t] + slice(reshape(outer(a[t], b[t])), 0, N) + reshape(P)' @ "
                "reshape(outer(a[t], c[t]), N * N)", (-1, 1)),
    "outer": ("outer(a[t], b[t]) @ c[t]", (-1, 1)), "transpose": ("transpose(outer(a[t], b[t])) @ c[t] + outer(a[t], b[t])' @ b[t]", (-1, 1)),
    "cumsum": ("cumsum(a[t]) * b[t]", (-2, 2)), "diag": ("diag(a[t]) @ b[t]", (-2, 2)), "index": ("index(k[t]) * a[t]", (-2, 2)), "onehot": ("(onehot(k[t]) + 1) * 2", (-2, 2)),
    "token": ("P @ token(argmax(a[t-1]), N) + onehot(token(2 * sum(b[t]), N)) * a[t]", (-2, 2)),
    "reverse_gradient": ("reverse_gradient(a[t] * b[t]) * a[t] - reverse_gradient(P @ c[t])", (-2, 2)),
    "pick": ("pick(a[t], k[t]) * b[t]", (-2, 2)), "observed": ("observed(k[t+1]) * a[t]", (-2, 2)), "observed real": ("observed(a[t+1]) * b[t]", (-2, 2)), "stop_gradient": ("stop_gradient(a[t]) * b[t]", (-2, 2)),
    "dim": ("dim(a) * a[t]", (-2, 2)), "count": ("count(a[t]) * a[t]", (-2, 2)), "iota": ("(iota(N) + 1) * a[t]", (-2, 2)), "zeros": ("zeros(N) + a[t]", (-2, 2)), "ones": ("ones(N) * a[t]", (-2, 2)),
    "sum[t]": ("sum[t](a[t]) + b[t]", (-2, 2)), "max[t]": ("max[t](a[t]) * b[t]", (-2, 2)), "mean[t]": ("mean[t](a[t] * b[t]) + b[t]", (-2, 2)),
    "sum[batch]": ("sum[batch](sum[t](sum(a[t]))) * b[t]", (-2, 2)), "softmax[t]": ("softmax[t](sum(a[t])) * b[t]", (-1, 1)),
    "argmax[t]": ("argmax[t](sum(a[t])) + b[t]", (-1, 1)), "matrix product": ("(outer(a[t], b[t]) @ outer(b[t], a[t])) @ c[t]", (-1, 1)),
    "transposed products": ("(outer(a[t], b[t])' @ outer(a[t], c[t])') @ c[t] + (outer(a[t], b[t]) @ outer(b[t], a[t])') @ a[t]", (-1, 1)),
    "parameter product": ("P @ a[t] + P' @ b[t] + P @ (P @ c[t])", (-1, 1)), "token product": ("P @ k[t] + P @ k[t-1] + P @ k[t+2]", (-1, 1)),
    "outer token": ("outer(a[t], k[t]) @ b[t] + outer(k[t-1], a[t]) @ c[t]", (-1, 1)), "lags": ("a[t-1] + 2 * a[t+1] - b[t-3] * c[t+2]", (-1, 1)),
    "places": ("a[1] + a[T] * b[t] + c[T-1] - a[2]", (-1, 1)), "time": ("a[t] * t / T", (-1, 1)),
    "scan": ("s[t]\n  s[t] = tanh(P @ s[t-1] + 0.5 * s[t-2] + a[t])\n  s[0] = a[T]\n  s[-1] = q", (-1, 1)),
    "backward scan": ("s[t]\n  s[t] = tanh(P' @ s[t+1] + a[t]) * softmax(b[t])\n  s[T+1] = q", (-1, 1)),
    "matrix scan": ("C[t] @ b[t]\n  C[t] = sigmoid(sum(c[t])) * C[t-1] + outer(a[t], b[t])", (-1, 1))})
NO_GRADIENT = {"digamma", "is_number", "sign", "floor", "<", "<=", ">", ">=", "and", "or", "==", "!=", "not", "argmax", "onehot", "argmax[t]"}
SIZES = (1, 5, 19, 37)


def model(expression, n):
    return f"""model op {{
  size N = {n}
  input a[t], b[t], c[t] : real[N]
  input k[t] : token[N]
  param P : real[N, N]
  param q : real[N]
  output o[t] : real[N]
  o[t] = {expression}
  loss = sum[t](sum(o[t] * cos(o[t] + 1))) / 7 + 0.1 * sum(P) + 0.1 * sum(q)
}}
"""


def run(folder, *words):
    out = os.path.join(folder, "out.npz")
    r = subprocess.run([rnnc, "run", f"{folder}/m.rnn", *words, "--data", f"{folder}/d.npz", "--weights", f"{folder}/w.safetensors", "--out", out],
                       capture_output=True, text=True)
    if r.returncode:
        raise RuntimeError(f"exit code {r.returncode}: {' '.join(words)}\n{r.stderr[-500:]}")
    with np.load(out) as z:
        return {k: z[k] for k in z.files}


def worst(got, want):
    """norm-wise, over all arrays: the largest difference relative to the largest value of each"""
    e = 0.0
    for k in want:
        g, w = got[k].astype(float), want[k].astype(float)
        if g.shape != w.shape or not np.isfinite(g).all():
            return float("inf")
        scale = max(1e-3 * max(np.abs(x).max() for x in want.values()), np.abs(w).max(), 1e-30)
        e = max(e, float(np.abs(g - w).max() / scale))
    return e


def one(folder, name, n, rng):
    expression, (low, high) = CASES[name]
    with open(f"{folder}/m.rnn", "w") as f:
        f.write(model(expression, n))
    lengths = np.array([3, 6, 1])
    data = {v: rng.uniform(low, high, (3, 6, n)).astype(np.float32) for v in "abc"}
    data["k"] = rng.integers(0, n, (3, 6))
    np.savez(f"{folder}/d.npz", lengths=lengths, **data)
    weights.save_file({k: rng.uniform(-1, 1, s).astype(np.float32).astype(float) / n ** 0.5 for k, s in (("P", (n, n)), ("q", (n,)))}, f"{folder}/w.safetensors")
    commands = [("forward",)] + ([] if name in NO_GRADIENT else [("gradient", "--wrt", "a,b,c")])
    for command in commands:
        want = run(folder, *command, "--interpret")
        for precision, bound in BOUND.items():
            e = worst(run(folder, *command, "--precision", precision), want)
            if not e <= bound:
                raise RuntimeError(f"{command[0]} in {precision}: {e:.2g} off, {bound} allowed")


def main():
    with open(os.path.join(root, "compiler/system/ops.def")) as f:
        need = set(re.findall(r'^EW\( *\w+, *"([^"]+)"', f.read(), re.M))
    with open(os.path.join(root, "compiler/sema/builtins.def")) as f:
        need |= set(re.findall(r"^BUILTIN\((\w+)", f.read(), re.M))
    passed = failed = 0
    for name in sorted(need - set(CASES)):
        print(f"FAILED {name}: no case in this file")
        failed += 1
    rng = np.random.default_rng(1)
    with tempfile.TemporaryDirectory() as folder:
        for k, name in enumerate(CASES):
            for n in (SIZES[k % 4], SIZES[(k + 2) % 4]):
                try:
                    one(folder, name, n, rng)
                    passed += 1
                except RuntimeError as e:
                    failed += 1
                    print(f"FAILED {name}, size {n}: {e}")
    print(f"{passed} passed, {failed} failed")
    return failed > 0


sys.exit(main())
