"""cells.py: the cells of lang/ against PyTorch: the loss and all gradients, in both precisions, of a small model for each cell.

  python3 cells.py [--rnnc PATH] [--only WORDS] [--keep FOLDER] [FOLDER]

FOLDER, cells/ when none is given, holds NAME.rnn and NAME.npz for each model. The arrays: in.X [N, T, ..] or [N, ..] for each input and
target, lengths [N] where sequences differ, par.PATH for each parameter, exp.loss, grad.PATH for each parameter, grad.in.X for some inputs,
and torch: the version that computed them. make_cells.py and its like write them. The error is that of run.py.

A model has a streaming step, unless a line `# no step: REASON` says that there is none. Each cell of lang/ is used by a model."""
import argparse
import concurrent.futures
import glob
import json
import os
import re
import subprocess
import sys
import tempfile
import numpy as np
import run

sys.path.insert(0, os.path.join(run.HERE, ".."))
from weights import save_file  # noqa: E402

LANG = os.path.join(run.HERE, "../../lang")
ELSEWHERE = {"batch_gain": "in lstm_batch_norm"}  # cells that no model here can use: where they are checked


def code(path):
    """A source without its comments."""
    with open(path) as f:
        return re.sub(r"#.*", "", f.read())


def unused(models):
    """Complaints about cells of lang/ that no model uses, here or on two axes (two_axes.py). A file's other cells are known to it alone: the
    one of its name uses them."""
    texts = [code(m) for m in models + glob.glob(os.path.join(run.HERE, "two_axes", "*.rnn"))]
    for file in sorted(glob.glob(os.path.join(LANG, "*.rnn"))):
        name = os.path.basename(file).removesuffix(".rnn")
        known = re.search(rf"^\s*cell\s+{name}\b", code(file), re.M)
        if known and name not in ELSEWHERE and not any(re.search(rf"(?<![\w.]){name}\s*\(", t) for t in texts):
            yield f"no model uses the cell {name} of lang/{os.path.basename(file)}"


def part(data, prefix):
    return {k.removeprefix(prefix): v for k, v in data.items() if k.startswith(prefix)}


def check_step(args, source):
    with open(source) as f:
        refused = re.search(r"^# no step: .", f.read(), re.M)
    step = json.loads(run.rnnc(args, "run", source, "info", "--json"))["step"]
    if not refused and not step["available"]:
        raise run.Wrong(f"no streaming step: {step['refused']}")
    if refused and step["available"]:
        raise run.Wrong("it has a streaming step")


def gradients(args, source, data, folder, precision):
    wanted = part(data, "grad.")
    by = [k.removeprefix("in.") for k in wanted if k.startswith("in.")]
    out = f"{folder}/gradient.{precision}.npz"
    run.rnnc(args, "run", source, "gradient", "--data", f"{folder}/data.npz", "--weights", f"{folder}/weights.safetensors",
             "--precision", precision, *(["--wrt", ",".join(by)] if by else []), "--out", out)
    got = run.read(out)
    errors = {"loss": run.error(got.pop("loss"), data["exp.loss"])}
    for name, value in got.items():
        key = f"in.{name}" if name in by else name
        if key not in wanted:
            raise run.Wrong(f"no gradient of {name} is expected")
        errors[f"d {name}"] = run.error(value, wanted.pop(key))
    if wanted:
        raise run.Wrong(f"no gradient of {', '.join(wanted)}")
    return errors


def run_model(args, source, work):
    """Its name, what was measured, and what is wrong with it."""
    name = os.path.basename(source).removesuffix(".rnn")
    folder = os.path.join(args.keep or work, name)
    os.makedirs(folder, exist_ok=True)
    told, wrong = [], []
    try:
        data = run.read(source.removesuffix(".rnn") + ".npz")
        np.savez(f"{folder}/data.npz", **part(data, "in."), **{k: data[k] for k in ("lengths",) if k in data})
        save_file(part(data, "par."), f"{folder}/weights.safetensors")
        check_step(args, source)
        for precision in ("f64", "f32"):
            errors = gradients(args, source, data, folder, precision)
            worst = sorted(errors, key=errors.get, reverse=True)
            told.append(f"{precision} {errors[worst[0]]:.1e} ({worst[0]})")
            wrong += [f"{precision}: {k} {errors[k]:.1e}" for k in worst[:6] if not errors[k] <= run.BOUND[precision]]
    except (run.Wrong, subprocess.TimeoutExpired, OSError, KeyError) as why:
        wrong.append(str(why))
    return name, told, wrong


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--rnnc", default=os.environ.get("RNNC", os.path.join(run.HERE, "../../build/rnnc")))
    p.add_argument("--only", default="", help="models whose name holds one of these words, separated by commas")
    p.add_argument("--keep", help="a folder for data, weights and results")
    p.add_argument("--jobs", type=int, default=os.cpu_count())
    p.add_argument("folder", nargs="?", default=os.path.join(run.HERE, "cells"))
    args = p.parse_args()
    models = sorted(glob.glob(os.path.join(args.folder, "*.rnn")))
    missing = [] if args.only else list(unused(models))
    for text in missing:
        print(f"FAIL {text}")
    failed, passed = len(missing), 0
    models = [m for m in models if any(w in os.path.basename(m) for w in args.only.split(","))]
    with tempfile.TemporaryDirectory(prefix="rnnc-cells-") as work, concurrent.futures.ThreadPoolExecutor(args.jobs) as pool:
        for name, told, wrong in pool.map(lambda m: run_model(args, m, work), models):
            failed, passed = failed + bool(wrong), passed + (not wrong)
            print(f"{'FAIL' if wrong else 'ok  '} {name}: {'; '.join(wrong or told)}", flush=True)
    print(f"cells: {passed} passed, {failed} failed")
    return 1 if failed or not models else 0


if __name__ == "__main__":
    sys.exit(main())
