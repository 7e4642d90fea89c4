"""losses.py --rnnc PATH: the loss and all gradients of every case of loss_cases.py against PyTorch's in losses/ (make_losses.py), by the
interpreter and the code in both precisions. The error is norm-wise, as in run.py."""
import argparse
import os
import subprocess
import sys
import tempfile
import numpy as np
from checks import run_checks
from run import error

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, ".."))
import weights  # noqa: E402
from loss_cases import CASES, LENGTHS, model  # noqa: E402

BOUND = {"interpreter": 1e-9, "f64": 1e-9, "f32": 2e-4}


def gradient(rnnc, folder, precision):
    how = ["--interpret"] if precision == "interpreter" else ["--precision", precision]
    out = f"{folder}/{precision}.npz"
    r = subprocess.run([rnnc, "run", f"{folder}/m.rnn", "gradient", "--data", f"{folder}/d.npz", "--weights", f"{folder}/w.safetensors", *how,
                        "--out", out], capture_output=True, text=True)
    if r.returncode:
        raise RuntimeError(r.stderr[-800:])
    with np.load(out) as z:
        return {k: z[k] for k in z.files}


def run(rnnc, name, folder):
    with np.load(os.path.join(HERE, "losses", name + ".npz")) as z:
        arrays = {k: z[k] for k in z.files}
    part = {p: {k[len(p) + 1:]: v for k, v in arrays.items() if k.startswith(p + ".")} for p in ("in", "par", "grad", "exp")}
    with open(f"{folder}/m.rnn", "w") as f:
        f.write(model(name))
    np.savez(f"{folder}/d.npz", lengths=np.array(LENGTHS), **part["in"])
    weights.save_file(part["par"], f"{folder}/w.safetensors")
    said = []
    for precision, bound in BOUND.items():
        got = gradient(rnnc, folder, precision)
        errors = {"loss": error(got["loss"], part["exp"]["loss"])} | {"d " + k: error(got[k], v) for k, v in part["grad"].items()}
        worst = max(errors, key=errors.get)
        if not errors[worst] <= bound:
            raise RuntimeError(f"{precision}: {worst} is {errors[worst]:.1e} off, {bound} allowed")
        said.append(f"{precision} {errors[worst]:.1e}")
    return ", ".join(said)


def no_case():
    raise RuntimeError("no case in loss_cases.py")


def main():
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("--rnnc", default=os.path.join(HERE, "../../build/rnnc"))
    rnnc = os.path.abspath(p.parse_args().rnnc)
    with open(os.path.join(HERE, "../../runtime/distributions.def")) as f:
        need = {line.split('"')[1] for line in f if line.startswith("DISTRIBUTION(") and '"' in line}
    with tempfile.TemporaryDirectory() as folder:
        checks = {name: no_case for name in sorted(need - set(CASES))}
        return run_checks("losses", checks | {name: lambda name=name: run(rnnc, name, folder) for name in CASES})


sys.exit(main())
