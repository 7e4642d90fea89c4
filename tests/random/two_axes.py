"""two_axes.py: random systems over two time axes: what they mean, the interpreter, its adjoint, differences and the code must agree.

  python3 two_axes.py [--rnnc PATH] [--seed S] [--count N] [--only K] [--keep FOLDER] [--interpreter]

A model is made as a tree that prints itself and computes itself in numpy, value by value: the interpreter's loss must be that. Its
gradient must be that of differences along a random direction; code in f64 (1e-9) and f32 (2e-4) must give the interpreter's loss and
gradients. What lies beyond a sequence's lengths is NaN. Model k of a run has the seed S * 100000 + k: --only k makes it again."""
import argparse
import os
import random
import re
import subprocess
import sys
import tempfile
import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, ".."))
import weights  # noqa: E402


class Wrong(Exception):
    pass


class Variable:
    def __init__(self, name, axes, size, text=None, rhs=None):
        self.name, self.axes, self.size, self.rhs = name, axes, size, rhs   # axes: the order of its indices, "ts", "s", ..
        self.text, self.bound = text, {}                                    # bound: (axis, place) -> (Variable, text)


class Model:
    def __init__(self, seed):
        self.r, self.np = random.Random(seed), np.random.default_rng(seed)
        r = self.r
        self.N, self.size = r.choice([1, 2, 3, 3, 9]), {"t": r.randint(1, 5), "s": r.randint(1, 4)}
        self.sizes = r.choice([[1, 2, 3]] * 5 + [[4, 8, 9, 17]])
        self.length = {a: [self.size[a]] + [r.randint(1, self.size[a]) for _ in range(self.N - 1)] for a in "ts"}
        for a in "ts":
            r.shuffle(self.length[a])
        self.letter = r.choice([{"t": "t", "s": "s"}, {"t": "u", "s": "v"}, {"t": "s", "s": "t"}])
        self.params, self.data, self.vars, self.lines = {}, {}, [], []
        for name, axes in [("x", "s"), ("z", "t")] + r.sample([("y", self.order("ts")), ("q", ""), ("w", "s")], r.randint(0, 2)):
            self.input(name, axes)
        for _ in range(r.randint(2, 5)):
            r.choice([self.map, self.scan, self.scan, self.grid, self.pool, self.attend])()
        self.finish()

    def order(self, axes):
        return "".join(self.r.sample(axes, len(axes)))

    # ---- text

    def place(self, axis, kind, k):
        base = {"rel": self.letter[axis], "start": "", "end": self.letter[axis].upper()}[kind]
        return base + (str(k) if kind == "start" else f"{k:+d}" if k else "")

    def indices(self, v, places):
        return "[" + ", ".join(self.place(a, *places[a]) for a in v.axes) + "]" if v.axes else ""

    def left(self, v):
        return v.name + self.indices(v, {a: ("rel", 0) for a in v.axes})

    # ---- declarations

    def input(self, name, axes):
        v = Variable(name, axes, self.r.choice(self.sizes))
        lead = [self.N] + [self.size[a] for a in "ts" if a in axes]
        data = self.np.normal(0, 1, lead + [v.size])
        for b in range(self.N):
            for a in axes:
                at = [b] + [slice(self.length[c][b], None) if c == a else slice(None) for c in "ts" if c in axes]
                data[tuple(at)] = np.nan
        self.data[name] = data
        self.lines.append(f"input {self.left(v)} : real[{v.size}]")
        self.vars.append(v)

    def param(self, *shape):
        name = f"p{len(self.params)}"
        self.params[name] = self.np.normal(0, 0.8 / np.sqrt(shape[-1]), shape)
        self.lines.append(f"param {name} : real[{', '.join(map(str, shape))}]")
        return name

    def define(self, axes, size, make):
        v = Variable(f"h{len(self.vars)}", axes, size)
        make(v)
        self.lines.append(f"{self.left(v)} = {v.text}")
        self.vars.append(v)
        return v

    # ---- expressions: (text, function of (b, at) that computes it)

    def read(self, v, places):
        text = v.name + self.indices(v, places)
        return text, lambda b, at: self.value_at(v, b, {a: self.number(a, b, at, *places[a]) for a in v.axes})

    def number(self, axis, b, at, kind, k):
        return {"rel": lambda: at[axis] + k, "start": lambda: k, "end": lambda: self.length[axis][b] + k}[kind]()

    def times(self, rows, term, columns):
        w = self.param(rows, columns)
        text, f = term
        return f"{w} @ {text}", lambda b, at: self.params[w] @ f(b, at)

    def plus(self, terms):
        return " + ".join(t for t, _ in terms), lambda b, at: sum(f(b, at) for _, f in terms)

    def tanh(self, term):
        return f"tanh({term[0]})", lambda b, at: np.tanh(term[1](b, at))

    def any_read(self, v, axes):
        """v, which is finished, where only `axes` are there to be named"""
        places = {}
        for a in v.axes:
            rel = a in axes and self.r.random() < 0.8
            places[a] = ("rel", self.r.choice([0, 0, 0, -1, 1, -2])) if rel else self.r.choice(
                [("end", 0), ("end", 0), ("start", 1), ("start", 2), ("end", -1), ("start", 0), ("end", 1)])
        return self.read(v, places)

    def terms(self, axes, size, count):
        out = []
        for v in self.r.choices(self.vars, k=count):
            out.append(self.times(size, self.any_read(v, axes), v.size))
        return out

    def set(self, v, term):
        v.text, v.rhs = term

    def bounds(self, v, offsets):
        """Boundaries at some of (axis, offset)"""
        for axis, offset in offsets:
            kind, k = ("start", offset + 1) if offset < 0 else ("end", offset)
            if self.r.random() < 0.4 or (axis, kind, k) in v.bound:
                continue
            rest = v.axes.replace(axis, "")
            term = self.tanh(self.plus(self.terms(rest, v.size, 1)))
            v.bound[axis, kind, k] = Variable("", rest, v.size, *term)
            places = {a: ("rel", 0) for a in v.axes} | {axis: (kind, k)}
            self.lines.append(f"{v.name}{self.indices(v, places)} = {term[0]}")

    # ---- kinds of equations

    def some_axes(self, need=""):
        axes = {a for a in "ts" if self.r.random() < 0.7} | set(need)
        return self.order("".join(sorted(axes)))

    def map(self):
        self.define(self.some_axes(), self.r.choice(self.sizes),
                    lambda v: self.set(v, self.tanh(self.plus(self.terms(v.axes, v.size, self.r.randint(1, 3))))))

    def recurrence(self, v, offsets):
        """offsets: of each read of itself, by axis"""
        own = [self.times(v.size, self.read(v, {a: ("rel", o.get(a, 0)) for a in v.axes}), v.size) for o in offsets]
        self.set(v, self.tanh(self.plus(own + self.terms(v.axes, v.size, self.r.randint(1, 2)))))
        self.bounds(v, [(a, o[a]) for o in offsets for a in o])

    def scan(self):
        axis, step = self.r.choice("ts"), self.r.choice([1, -1])
        offsets = [{axis: step * k} for k in self.r.sample([1, 2], self.r.choice([1, 1, 2]))]
        self.define(self.some_axes(axis), self.r.choice(self.sizes), lambda v: self.recurrence(v, offsets))

    def grid(self):
        a, b = self.r.choice([1, -1]), self.r.choice([1, -1])
        offsets = [{"t": a}, {"s": b}] + self.r.sample([{"t": a, "s": -b}, {"t": a, "s": b}, {"t": a, "s": -2 * b}], self.r.randint(0, 1))
        self.define(self.order("ts"), self.r.choice(self.sizes), lambda v: self.recurrence(v, offsets))

    def reduced(self, how, axis, term):
        text, f = term

        def compute(b, at):
            values = [f(b, {**at, axis: k}) for k in range(1, self.length[axis][b] + 1)]
            return {"sum": lambda: np.sum(values, 0), "mean": lambda: np.mean(values, 0), "max": lambda: np.max(values, 0),
                    "logsumexp": lambda: np.log(np.sum(np.exp(values), 0))}[how]()
        return f"{how}[{self.letter[axis]}]({text})", compute

    def pool(self):
        axis = self.r.choice("ts")
        rest = {"t": "s", "s": "t"}[axis] if self.r.random() < 0.6 else ""
        of = self.r.choice([v for v in self.vars if axis in v.axes])
        how = self.r.choice(["sum", "mean", "max", "logsumexp"])
        self.define(rest, of.size, lambda v: self.set(v, self.reduced(how, axis, self.times(v.size, self.each(of, axis, rest), of.size))))

    def each(self, v, axis, rest):
        """v at each place of the axis that is reduced"""
        places = {a: ("rel", 0) if a == axis or a in rest else ("end", 0) for a in v.axes}
        return self.read(v, places)

    def attend(self):
        """A state over one axis, which attends over the other by its own past"""
        t = self.r.choice("ts")
        s = {"t": "s", "s": "t"}[t]
        keys = self.r.choice([v for v in self.vars if v.axes == s])
        h = Variable(f"h{len(self.vars)}", t, 2)
        e, a, c = (Variable(f"{k}{len(self.vars)}", x, n) for k, x, n in (("e", self.order("ts"), 1), ("a", self.order("ts"), 1), ("c", t, keys.size)))
        now = lambda v: self.read(v, {k: ("rel", 0) for k in v.axes})
        query = self.read(h, {t: ("rel", -1)})
        self.set(e, self.plus([self.times(1, self.tanh(self.plus([self.times(2, query, 2), self.times(2, now(keys), keys.size)])), 2)]))
        exp = lambda b, at: np.exp(now(e)[1](b, at))
        total = self.reduced("sum", s, ("", exp))[1]
        self.set(a, (f"softmax[{self.letter[s]}]({now(e)[0]})", lambda b, at: exp(b, at) / total(b, at)))
        self.set(c, self.reduced("sum", s, (f"sum({now(a)[0]}) * {now(keys)[0]}", lambda b, at: now(a)[1](b, at).sum() * now(keys)[1](b, at))))
        self.set(h, self.tanh(self.plus([self.times(2, query, 2), self.times(2, now(c), c.size)] + self.terms(t, 2, 1))))
        for v in (e, a, c, h):
            self.lines.append(f"{self.left(v)} = {v.text}")
        last = self.r.choice([v for v in self.vars if v.axes == s])
        if self.r.random() < 0.6:
            term = self.times(2, self.read(last, {s: ("end", 0)}), last.size)
            h.bound[t, "start", 0] = Variable("", "", 2, *term)
            self.lines.append(f"{h.name}[0] = {term[0]}")
        self.vars += [a, c, h]

    def finish(self):
        terms = []
        for v in self.vars:
            if v.rhs is None:
                continue
            text, f = f"sum({self.left(v)})", (lambda v: lambda b, at: self.value_at(v, b, {a: at[a] for a in v.axes}).sum())(v)
            for a in v.axes:
                text, f = self.reduced("mean", a, (text, f))
            terms.append((text, f))
        text, self.loss_of = self.plus(terms)
        self.lines.append(f"loss = {text}")

    def text(self):
        self.r.shuffle(self.lines)
        return "model m {\n  axis %s, %s\n  %s\n}\n" % (self.letter["s"], self.letter["t"], "\n  ".join(self.lines))

    # ---- meaning

    def value_at(self, v, b, at):
        for axis in "ts":
            if axis not in v.axes or 1 <= at[axis] <= self.length[axis][b]:
                continue
            key = (axis, "start", at[axis]) if at[axis] < 1 else (axis, "end", at[axis] - self.length[axis][b])
            rest = {k: x for k, x in at.items() if k != axis}
            if key not in v.bound or any(not 1 <= x <= self.length[k][b] for k, x in rest.items()):
                return np.zeros(v.size)
            return self.computed(v.bound[key], b, rest)
        if v.rhs is None:
            return self.data[v.name][tuple([b] + [at[a] - 1 for a in "ts" if a in v.axes])]
        return self.computed(v, b, at)

    def computed(self, v, b, at):
        key = (id(v), b, tuple(sorted(at.items())))
        if key not in self.known:
            self.known[key] = v.rhs(b, at)
        return self.known[key]

    def loss(self):
        self.known = {}
        return float(np.mean([self.loss_of(b, {}) for b in range(self.N)]))


class Case:
    def __init__(self, rnnc, m, folder):
        self.rnnc, self.m, self.folder = rnnc, m, folder
        os.makedirs(folder, exist_ok=True)
        with open(f"{folder}/m.rnn", "w") as f:
            f.write(m.text())

    def gradient(self, params, data, *how):
        lengths = {"lengths": np.array(self.m.length["t"]), "lengths_" + self.m.letter["s"]: np.array(self.m.length["s"])}
        np.savez(f"{self.folder}/d.npz", **data, **lengths)
        weights.save_file(params, f"{self.folder}/w.safetensors")
        r = subprocess.run([self.rnnc, "run", f"{self.folder}/m.rnn", "gradient", "--data", f"{self.folder}/d.npz", "--weights",
                            f"{self.folder}/w.safetensors", "--wrt", ",".join(data), *how, "--out", f"{self.folder}/o.npz"],
                           capture_output=True, text=True, timeout=120)
        if r.returncode:
            raise Wrong(f"{' '.join(how)}: exit code {r.returncode}\n" + re.sub(r"^.*: warning.*: .*\n(  .*\n)*", "", r.stderr, flags=re.M)[-1500:])
        with np.load(f"{self.folder}/o.npz") as z:
            return {k: z[k].astype(np.float64) for k in z.files}

    def differences(self, got):
        """Along one random direction of parameters and inputs"""
        rng = np.random.default_rng(1)
        by = {k: rng.normal(0, 1, a.shape) for k, a in {**self.m.params, **self.m.data}.items()}
        want = sum(float(np.nansum(got[k].reshape(d.shape) * d)) for k, d in by.items() if k in got)
        size = max(1.0, *(float(np.abs(got[k]).max()) for k in by if k in got))
        keep, best = (self.m.params, self.m.data), np.inf
        for step in (1e-5, 1e-6, 1e-4):
            ends = []
            for sign in (1, -1):
                self.m.params, self.m.data = ({k: a + sign * step * by[k] for k, a in part.items()} for part in keep)
                ends.append(self.m.loss())
            self.m.params, self.m.data = keep
            best = min(best, abs((ends[0] - ends[1]) / (2 * step) - want) / size)
            if best <= 1e-7:
                break
        if not best <= 1e-6:
            raise Wrong(f"the gradient is {best:.1e} off the differences")

    def run(self, compiled):
        got = self.gradient(self.m.params, self.m.data, "--interpret")
        want = self.m.loss()
        if not abs(float(got["loss"]) - want) <= 1e-10 * max(1, abs(want)):
            raise Wrong(f"the interpreter's loss is {float(got['loss'])!r}, its meaning {want!r}")
        self.differences(got)
        for precision, bound in (("f64", 1e-9), ("f32", 2e-4)) if compiled else ():
            code = self.gradient(self.m.params, self.m.data, "--precision", precision)
            size = max(float(np.abs(a).max()) for a in got.values())
            for k, a in got.items():
                off = float(np.abs(code[k].reshape(a.shape) - a).max())
                if not off <= bound * max(float(np.abs(a).max()), 0.1 * size, 1e-6):
                    raise Wrong(f"{precision}: {k} is off by {off:.2e} of {np.abs(a).max():.2e}")


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--rnnc", default=os.path.join(HERE, "../../build/rnnc"))
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--count", type=int, default=60)
    p.add_argument("--only", type=int)
    p.add_argument("--keep")
    p.add_argument("--interpreter", action="store_true", help="no generated code")
    args = p.parse_args()
    passed = failed = 0
    with tempfile.TemporaryDirectory() as work:
        for k in [args.only] if args.only is not None else range(args.count):
            try:
                folder = os.path.join(args.keep or work, f"m{k}")
                Case(os.path.abspath(args.rnnc), Model(args.seed * 100000 + k), folder).run(not args.interpreter)
                passed += 1
            except (Wrong, subprocess.TimeoutExpired) as why:
                print(f"FAIL model {k} (--seed {args.seed} --only {k}): {why}")
                failed += 1
    print(f"random systems over two axes: {passed} passed, {failed} failed")
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
