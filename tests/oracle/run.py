"""run.py: rnnc against every oracle vector: the loss, the outputs and all gradients, in both precisions; whole training steps.

  python3 run.py [--rnnc PATH] [--only WORDS] [--keep FOLDER] [VECTORS ...]

VECTORS: folders that hold case folders, or archives of them; those in vectors/ when none is given. The error is norm-wise,
max|got - want| / max|want|. The interpreter is held against them too. Cases that can't be stated are skipped, and say why. Where batches are
normalised, one update with rate 0 keeps their statistics, with which the outputs are computed."""
import argparse
import concurrent.futures
import os
import re
import subprocess
import sys
import tarfile
import tempfile
import numpy as np
import translate

HERE = os.path.dirname(os.path.abspath(__file__))
BOUND = {"interpreter": 1e-9, "f64": 1e-9, "f32": 2e-4}


class Wrong(Exception):
    pass


def error(got, want):
    got, want = np.asarray(got, np.float64), np.asarray(want, np.float64)
    if got.size != want.size or not np.isfinite(got).all():
        return float("inf")
    if want.size == 0:
        return 0.0
    return float(np.abs(got.reshape(want.shape) - want).max() / max(np.abs(want).max(), 1e-8))


def rnnc(args, *words):
    r = subprocess.run([args.rnnc, *words], capture_output=True, text=True, timeout=300)
    if r.returncode != 0:
        said = re.sub(r"^.*: warning: .*\n(  .*\n)*", "", r.stderr, flags=re.M)
        raise Wrong(f"exit code {r.returncode}: {words[2]}\n{said.strip()[-2000:]}")
    return r.stdout


def read(path):
    with np.load(path) as z:
        return {k: z[k] for k in z.files}


def to_neutral(model, neutral, got):
    """A gradient or a weight of ours in the form of the case."""
    our, kind = model.where[neutral]
    if kind == "param":
        return got.T
    if kind == "shared":
        got = got.sum(0)
    elif "[" in declared(model, our).split(":")[0]:
        got = np.moveaxis(got, 0, 1)
    return np.swapaxes(got, -1, -2) if "," in declared(model, our) else got


def declared(model, our):
    return next(d for d in model.declare if d.split()[1].rstrip(":").split("[")[0] == our)


def valid(model, a):
    """Elements inside each sequence; [T, B, ...]"""
    if model.axes == "st" or "lengths" not in model.lengths:
        return a
    inside = np.arange(a.shape[0])[:, None] < model.lengths["lengths"][None, :]
    return np.where(inside.reshape(inside.shape + (1,) * (a.ndim - 2)), a, 0)


def run_gradient(args, folder, case, data, model, precision):
    common = ["--data", f"{folder}/data.npz", "--weights", f"{folder}/weights.safetensors", "--precision", precision]
    source = f"{folder}/model.rnn"
    inputs = [model.where[n][0] for n in case["wrt"] if model.where[n][1] != "param"]
    if precision == "interpreter":
        common[-2:] = ["--interpret"]
    out = f"{folder}/gradient.{precision}.npz"
    rnnc(args, "run", source, "gradient", *common, *(["--wrt", ",".join(inputs)] if inputs else []), "--out", out)
    got = read(out)
    errors = {"loss": error(got["loss"], data["exp.loss"])}
    for n in case["wrt"]:
        our = model.where[n][0]
        if our not in got:
            raise Wrong(f"no gradient of {our}")
        errors["d " + n] = error(to_neutral(model, n, got[our]), data["grad." + n])
    if model.kept and precision != "interpreter":
        kept = f"{folder}/kept.{precision}.safetensors"
        rnnc(args, "run", source, "train", *common, "--quiet", "--out", kept, "--save", f"{folder}/kept.{precision}.ckpt.safetensors")
        common[3] = kept
    if model.outputs and precision != "interpreter":
        out = f"{folder}/forward.{precision}.npz"
        rnnc(args, "run", source, "forward", *common, "--show", ",".join(sorted(set(model.outputs.values()))), "--out", out)
        got = read(out)
        for n, our in model.outputs.items():
            if our not in got:
                raise Wrong(f"no value of {our}")
            want, value = data["exp." + n], got[our]
            if want.ndim >= 2 and want.ndim == value.ndim and our in model.timed:
                value, want = valid(model, np.moveaxis(value, 0, 1)), valid(model, want)
            errors[n] = error(value, want)
    return errors


def run_training(args, folder, case, data, model, precision):
    trace = f"{folder}/trace.{precision}.npz"
    rnnc(args, "run", f"{folder}/model.rnn", "train", "--data", f"{folder}/data.npz", "--weights", f"{folder}/weights.safetensors",
         "--precision", precision, "--trace", trace, "--quiet", "--save", f"{folder}/{precision}.ckpt.safetensors",
         "--out", f"{folder}/{precision}.safetensors")
    got = read(trace)
    errors = {"losses": error(got["loss"], data["exp.losses"]), "gradient norms": error(got["norm"], data["exp.grad_norms"])}
    for n in case["program"]["params"]:
        our = model.where[n][0]
        if our not in got:
            raise Wrong(f"{our} is not in the trace")
        errors["after " + n] = error(to_neutral(model, n, got[our][-1]), data["exp.after." + n])
    return errors


def run_case(args, path, work):
    case, data = translate.load(path)
    name = case["name"]
    try:
        model = translate.translate(case, data)
    except translate.Unsupported as why:
        return name, "skipped", str(why)
    model.timed = {m[1] for m in (re.match(r"(\w+)\[[ts]\] = ", l) for l in model.lines) if m}
    folder = os.path.join(args.keep or work, name)
    translate.write(model, folder)
    text, state = [], "passed"
    for precision in ("f64", "f32") if model.train else ("interpreter", "f64", "f32"):
        bound = case.get("tolerance", {}).get(precision, BOUND[precision])
        try:
            errors = (run_training if model.train else run_gradient)(args, folder, case, data, model, precision)
        except (Wrong, subprocess.TimeoutExpired, OSError, KeyError) as why:
            return name, "failed", f"{precision}: {why!s}"
        worst = max(errors, key=errors.get)
        if not errors[worst] <= bound:
            state = "failed"
            bad = [f"{k} {e:.1e}" for k, e in sorted(errors.items(), key=lambda i: -i[1]) if not e <= bound]
            text.append(f"{precision}: {', '.join(bad[:6])}")
        else:
            text.append(f"{precision} {errors[worst]:.1e} ({worst})")
    return name, state, "; ".join(text)


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--rnnc", default=os.environ.get("RNNC", os.path.join(HERE, "../../build/rnnc")))
    p.add_argument("--only", default="", help="cases whose name holds one of these words, separated by commas")
    p.add_argument("--keep", help="write models, data and results there and keep them")
    p.add_argument("--jobs", type=int, default=os.cpu_count())
    p.add_argument("vectors", nargs="*", default=[os.path.join(HERE, "vectors", f"{v}.tar.xz") for v in ("oracle", "more")])
    args = p.parse_args()
    if not os.access(args.rnnc, os.X_OK):
        sys.exit(f"{args.rnnc}: no such program; build it, or name it by --rnnc or RNNC")
    count = {"passed": 0, "failed": 0, "skipped": 0}
    with tempfile.TemporaryDirectory(prefix="rnnc-oracle-") as work:
        roots = []
        for i, v in enumerate(args.vectors):
            if not os.path.isdir(v):
                roots.append(os.path.join(work, f"vectors{i}"))
                with tarfile.open(v) as t:
                    t.extractall(roots[-1], **({"filter": "data"} if hasattr(tarfile, "data_filter") else {}))
            else:
                roots.append(v)
        cases = sorted(d for r in roots for d, _, files in os.walk(r) if "case.json" in files)
        cases = [c for c in cases if any(w in os.path.basename(c) for w in args.only.split(","))]
        with concurrent.futures.ThreadPoolExecutor(args.jobs) as pool:
            for name, state, text in pool.map(lambda c: run_case(args, c, work), cases):
                count[state] += 1
                print(f"{'ok  ' if state == 'passed' else 'FAIL' if state == 'failed' else 'skip'} {name}: {text}", flush=True)
    print(f"oracle: {count['passed']} passed, {count['failed']} failed, {count['skipped']} skipped")
    return 1 if count["failed"] or not cases else 0


if __name__ == "__main__":
    sys.exit(main())
