"""run.py: random systems: the generated code in both precisions, the interpreter, its adjoint and differences must agree.

  python3 run.py [--rnnc PATH] [--seed S] [--count N] [--only K] [--keep FOLDER]

For each model: the interpreter's loss against meaning.py, which shares no code with the compiler; the loss and every gradient by
generated code in f64 (1e-9) and f32 (2e-4) against the interpreter, every fourth time the values of all states too; the
interpreter's gradient against differences of its loss along random directions; and the f64 gradient again with NaN beyond each
sequence's length, which must change no bit; and the f64 gradient in as little memory as can be, in windows, with the same checks. Model k of a run has the seed S * 100000 + k: --only k makes it again."""
import argparse
import concurrent.futures
import os
import re
import subprocess
import sys
import tempfile
import numpy as np
import generate
import meaning

HERE = os.path.dirname(os.path.abspath(__file__))
DIRECTIONS, STEPS = 2, (1e-4, 1e-5, 1e-6, 1e-3)


class Wrong(Exception):
    pass


class Case:
    def __init__(self, args, seed, work):
        self.args, self.seed, self.g = args, seed, generate.Generator(seed).make()
        self.folder = os.path.join(args.keep or work, f"m{seed}")
        self.inputs = self.g.real_inputs()
        os.makedirs(self.folder, exist_ok=True)
        with open(self.path("model.rnn"), "w") as f:
            f.write(self.g.text())
        self.write("plain", self.g.padded(0.0, 0), self.g.params)

    def path(self, name):
        return os.path.join(self.folder, name)

    def write(self, name, data, params):
        np.savez(self.path(f"{name}.npz"), **data)
        generate.write_weights(self.path(f"{name}.safetensors"), params)

    def rnnc(self, command, name, *more):
        out = self.path(f"{command}.{name}{''.join(more[:2])}.npz")
        r = subprocess.run([self.args.rnnc, "run", self.path("model.rnn"), command, "--data", self.path(f"{name}.npz"), "--weights",
                            self.path(f"{name}.safetensors"), *more, "--out", out], capture_output=True, text=True, timeout=120)
        if r.returncode != 0:
            said = re.sub(r"^.*: warning.*: .*\n(  .*\n)*", "", r.stderr, flags=re.M)
            raise Wrong(f"{command} {' '.join(more)}: exit code {r.returncode}\n{said.strip()[-1500:]}")
        with np.load(out) as z:
            return {k: z[k].astype(np.float64) for k in z.files}

    def gradient(self, name, *more):
        return self.rnnc("gradient", name, *more, "--wrt", ",".join(self.inputs))

    def values(self, name, *more):
        names = [v.name for v in self.g.vars if v.group is not None]
        got = self.rnnc("forward", name, *more, "--show", ",".join(names))
        return {n: got[n] for n in names}

    def agree(self, what, got, want, bound, floor):
        """Each array against its own largest element, or `floor` of the largest of all."""
        if set(got) != set(want):
            raise Wrong(f"{what}: other arrays: {sorted(set(got) ^ set(want))}")
        size = max([float(np.abs(a).max()) for k, a in want.items() if k != "loss" and a.size] + [0])
        for k, a in want.items():
            own = float(np.abs(a).max()) if a.size else 0
            off = float(np.abs(got[k].reshape(a.shape) - a).max()) if a.size else 0
            if not off <= bound * max(own, floor * size if k != "loss" else 0, 1e-6):
                raise Wrong(f"{what}: {k} is off by {off:.2e} of {own:.2e}")

    def along(self, gradient, rng):
        """The derivative along a random direction of all parameters and inputs at once, by the gradient and by differences."""
        by_param = {k: rng.normal(0, 1, a.shape) for k, a in self.g.params.items()}
        data = self.g.padded(0.0, 0)
        by_input = {k: rng.normal(0, 1, data[k].shape) for k in self.inputs}
        want = sum(float((gradient[k].reshape(d.shape) * d).sum()) for k, d in {**by_param, **by_input}.items())
        size = np.sqrt(sum(float((gradient[k] ** 2).sum()) for k in {**by_param, **by_input}))
        tried = []
        for h in STEPS:                       # a kink near by spoils one of them
            loss = []
            for side in (-1, 1):
                self.write("moved", {k: a + side * h * by_input[k] if k in by_input else a for k, a in data.items()},
                           {k: a + side * h * by_param[k] for k, a in self.g.params.items()})
                loss.append(float(self.gradient("moved", "--interpret")["loss"]))
            tried.append((loss[1] - loss[0]) / (2 * h))
            rounding = 1e-13 * abs(loss[0]) / h
            if abs(tried[-1] - want) <= 2e-6 * max(abs(want), size, 1e-3) + rounding:
                return
        raise Wrong(f"the adjoint says {want:.10g} along a direction, differences {', '.join(f'{d:.10g}' for d in tried)}")

    def run(self):
        want = self.gradient("plain", "--interpret")
        if not all(np.isfinite(a).all() for a in want.values()):
            raise Wrong("the interpreter's result is not finite")
        loss = meaning.Meaning(self.g.text(), self.g.padded(0.0, 0), self.g.params, {v.name: v.shape for v in self.g.vars}).loss()
        if abs(loss - float(want["loss"])) > 1e-10 * max(1, abs(loss)):
            raise Wrong(f"the loss is {float(want['loss']):.12g}, by the definition {loss:.12g}")
        plain = self.gradient("plain", "--precision", "f64")
        self.agree("f64 and the interpreter", plain, want, 1e-9, 1e-3)
        self.agree("f32 and the interpreter", self.gradient("plain", "--precision", "f32"), want, 2e-4, 1e-2)
        least = self.gradient("plain", "--precision", "f64", "--memory", "least", "--threads", "2")
        self.agree("f64 in windows and the interpreter", least, want, 1e-9, 1e-3)
        rng = np.random.default_rng(12345)
        for _ in range(DIRECTIONS):
            self.along(want, rng)
        if self.g.lengths is not None:
            self.write("nan", self.g.padded(float("nan"), 10**6), self.g.params)
            for clean, more in ((plain, ()), (least, ("--memory", "least", "--threads", "1"))):
                planted = self.gradient("nan", "--precision", "f64", *more)
                for k in clean:
                    if not np.array_equal(clean[k], planted[k]):
                        raise Wrong(f"what stands in the padding changes {k} {' '.join(more)}")
        if self.seed % 4 == 0:
            self.agree("values, f64 and the interpreter", self.values("plain", "--precision", "f64"), self.values("plain", "--interpret"), 1e-9, 1e-3)


def run_one(args, seed, work):
    try:
        Case(args, seed, work).run()
        return None
    except (Wrong, OSError, subprocess.TimeoutExpired, KeyError, ValueError) as why:
        return f"{why!s}" or type(why).__name__


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--rnnc", default=os.environ.get("RNNC", os.path.join(HERE, "../../build/rnnc")))
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--count", type=int, default=300)
    p.add_argument("--only", type=int, help="just model number ONLY of the run")
    p.add_argument("--keep", help="write the models, data and results there and keep them")
    p.add_argument("--jobs", type=int, default=os.cpu_count())
    args = p.parse_args()
    if not os.access(args.rnnc, os.X_OK):
        sys.exit(f"{args.rnnc}: no such program; build it, or name it by --rnnc or RNNC")
    numbers = [args.only] if args.only is not None else range(args.count)
    failed = 0
    with tempfile.TemporaryDirectory(prefix="rnnc-random-") as work, concurrent.futures.ThreadPoolExecutor(args.jobs) as pool:
        for k, why in zip(numbers, pool.map(lambda k: run_one(args, args.seed * 100000 + k, work), numbers)):
            if why:
                failed += 1
                print(f"FAIL model {k} (seed {args.seed * 100000 + k}): {why}", flush=True)
    print(f"random systems: {len(numbers) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
