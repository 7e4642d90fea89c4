"""generate.py SEED [FOLDER]: a random well-formed model, its data and its weights, the same for the same seed.

Groups of equations are made one after the other; a group is a set of states that run forward, or backward, or a map without
recurrence. An equation may read its own group's past, what its group has defined at t, and everything of earlier groups at any
place: [t-k], [t+k], [T], [1], [T-k], sums and maxima over t. States are squashed, so that values stay bounded for any length."""
import os
import random
import sys
import numpy as np
sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import weights  # noqa: E402


def index_text(k):
    return "[t]" if k == 0 else f"[t{k:+d}]"


class Variable:
    def __init__(self, name, shape, timed, group=None):
        self.name, self.shape, self.timed, self.group = name, shape, timed, group


class Generator:
    def __init__(self, seed):
        self.r = random.Random(seed)
        self.np = np.random.default_rng(seed)
        self.name = f"m{seed}"
        self.small = self.r.choice([1, 1, 0.9, 0.5])
        self.N, self.T = self.r.choice([1, 2, 3, 4, 4, 9, 17]), self.r.choice([1, 2, 3, 4, 5, 6, 7, 7, 19])
        self.declare, self.lines, self.cells = [], [], []
        self.params, self.data, self.vars, self.tokens = {}, {}, [], []
        self.cached_params = []
        self.lengths = None
        if self.N > 1 and self.r.random() < 0.8:
            self.lengths = [self.T] + [self.r.randint(1, self.T) for _ in range(self.N - 1)]
            self.r.shuffle(self.lengths)

    # ---- declarations

    def size(self):
        """Mostly small; at times around the number of lanes of a vector register, which generated code treats apart"""
        return self.r.choice([1, 2, 2, 3, 3, 4, 5]) if self.r.random() < self.small else self.r.choice([7, 8, 9, 15, 16, 17, 19, 33])

    def shape(self, matrices=True):
        k = self.r.random()
        if k < 0.15:
            return ()
        if k < 0.25 and matrices:
            return (self.size(), self.size())
        return (self.size(),)

    def param(self, shape):
        same = [p for p in self.cached_params if p[1] == shape]
        if same and self.r.random() < 0.25:
            return self.r.choice(same)[0]                 # a weight in several places
        name = f"p{len(self.params)}"
        self.declare.append(f"param {name} : {type_text(shape)}")
        fan = shape[-1] if len(shape) == 2 else 1
        self.params[name] = self.np.normal(0, 0.8 / np.sqrt(fan), shape)
        self.cached_params.append((name, shape))
        return name

    def input(self, name, shape, timed, role="input"):
        self.declare.append(f"{role} {name}{'[t]' if timed else ''} : {type_text(shape)}")
        lead = (self.N, self.T) if timed else (self.N,)
        self.data[name] = self.np.normal(0, 1, lead + shape)
        v = Variable(name, shape, timed)
        self.vars.append(v)
        return v

    def token(self, name, symbols, timed, role="input"):
        self.declare.append(f"{role} {name}{'[t]' if timed else ''} : token[{symbols}]")
        lead = (self.N, self.T) if timed else (self.N,)
        self.data[name] = self.np.integers(0, symbols, lead)
        self.tokens.append((name, symbols, timed))

    # ---- reads

    def token_read(self, timed):
        """(text, symbols), or None where there are no tokens"""
        tokens = [t for t in self.tokens if not t[2] or timed]
        if not tokens:
            return None
        name, symbols, over = self.r.choice(tokens)
        return name + (index_text(self.r.choice([0, 0, -1, 1])) if over else ""), symbols

    def read(self, v, timed):
        """v at some place that may be read once v is finished"""
        if not v.timed:
            return v.name
        places = [f"{v.name}[{p}]" for p in ("T", "1", "T-1", "2", "T-2")]
        if timed and self.r.random() < 0.85:
            return v.name + index_text(self.r.choice([0, 0, 0, -1, 1, -2, 2, 3]))
        return self.r.choice(places)

    def finished(self, shape, group):
        return [v for v in self.vars if v.shape == shape and (group is None or v.group != group["id"])]

    def readable(self, shape, timed, group):
        """Reads of this shape: as text"""
        out = []
        for v in self.finished(shape, group):
            out.append(self.read(v, timed))
        if group and timed:
            for v, defined in group["members"]:
                if v.shape != shape:
                    continue
                if group["step"]:
                    out += [v.name + index_text(group["step"] * self.r.choice([1, 1, 2, 3]))] * 3
                if defined:
                    out.append(v.name + "[t]")
        return out

    # ---- expressions

    def expr(self, shape, depth, timed, group):
        if depth <= 0:
            return self.leaf(shape, timed, group)
        make = {0: self.number, 1: self.vector, 2: self.matrix}[len(shape)]
        if self.r.random() < 0.45:
            return self.pointwise(shape, depth, timed, group)
        return make(shape, depth, timed, group)

    def leaf(self, shape, timed, group):
        reads = self.readable(shape, timed, group)
        if reads and self.r.random() < 0.8:
            return self.r.choice(reads)
        if shape == () and self.r.random() < 0.12:
            return self.r.choice(["0.5", "1", "0.25", "(-0.75)", "1.5"])
        vectors = self.vectors(timed, group)
        if vectors and self.r.random() < 0.85:
            m, text = self.r.choice(vectors)
            if shape == ():
                return f"{self.r.choice(['sum', 'mean'])}({text})"
            if len(shape) == 1:
                return f"({self.param((shape[0], m))} @ {text})"
            other, text2 = self.r.choice(vectors)
            a = text if m == shape[0] else f"{self.param((shape[0], m))} @ {text}"
            b = text2 if other == shape[1] else f"{self.param((shape[1], other))} @ {text2}"
            return f"outer({a}, {b})"
        return self.param(shape)

    def vectors(self, timed, group):
        """Reads of vectors of any length, as (length, text)"""
        lengths = {v.shape[0] for v in self.vars if len(v.shape) == 1}
        lengths |= {v.shape[0] for v, _ in group["members"] if len(v.shape) == 1} if group else set()
        return [(n, text) for n in sorted(lengths) for text in self.readable((n,), timed, group)]

    def pointwise(self, shape, depth, timed, group):
        e = lambda: self.expr(shape, depth - 1, timed, group)
        number = lambda: self.expr((), depth - 1, timed, group)
        form = self.r.choice(["a+b", "a+b", "a-b", "a*b", "a*b", "n*a", "f", "f", "f", "quotient", "where", "minmax", "clamp",
                              "power", "log", "exp", "wrap"])
        if form in ("a+b", "a-b", "a*b"):
            return f"({e()} {form[1]} {e()})"
        if form == "n*a":
            return f"({number()} * {e()})"
        if form == "f":
            f = self.r.choice("tanh sigmoid softplus sin cos erf softsign gelu silu elu relu abs tanh sigmoid".split())
            return f"{f}({e()})"
        if form == "quotient":
            return f"({e()} / (1 + square({e()})))"
        if form == "where":
            return f"where({self.condition(timed, group)}, {e()}, {e()})"
        if form == "minmax":
            return f"{self.r.choice(['min', 'max'])}({e()}, {e()})"
        if form == "clamp":
            return f"clamp({e()}, -0.7, 0.9)"
        if form == "power":
            return f"(1 + square({e()})) ^ {self.r.choice(['0.7', '0.5', '(-1)', '1.5'])}"
        if form == "log":
            return f"{self.r.choice(['log', 'sqrt'])}(1 + square({e()}))"
        if form == "exp":
            return f"exp(tanh({e()}))"
        return f"wrap({e()})"

    def condition(self, timed, group):
        a = f"{self.leaf((), timed, group)} {self.r.choice(['<', '>', '<=', '>='])} 0.137"
        if self.r.random() < 0.3:
            return f"({a}) {self.r.choice(['and', 'or'])} not ({self.leaf((), timed, group)} > 0.211)"
        return a

    def number(self, shape, depth, timed, group):
        v = (self.size(),)
        e = lambda: self.expr(v, depth - 1, timed, group)
        form = self.r.choice(["sum", "mean", "max", "min", "dot", "logsumexp", "msum", "leaf", "time", "norm", "pick", "weights"])
        if form == "dot":
            return f"dot({e()}, {e()})"
        if form == "msum":
            return f"mean({self.expr((self.size(), self.size()), depth - 1, timed, group)})"
        if form == "norm":
            return f"sqrt(0.1 + sum(square({e()})))"
        if form == "leaf":
            return self.leaf((), timed, group)
        if form == "time" or form == "weights" and not timed:
            return self.over_time((), depth, group)
        if form == "weights":
            return self.weights_over_time((), depth, group)
        if form == "pick":
            token = self.token_read(timed)
            return f"pick({self.expr((token[1],), depth - 1, timed, group)}, {token[0]})" if token else self.leaf((), timed, group)
        return f"{form}({e()})"

    def weights_over_time(self, shape, depth, group):
        """softmax[t]: varies over time, and needs all of it"""
        e = self.expr(shape, depth - 1, True, dict(group, members=[], step=0) if group else None)
        return f"softmax[t]({e})" if "[t" in e else self.leaf(shape, True, group)

    def over_time(self, shape, depth, group):
        """A reduction over t of what earlier groups made; it does not vary over time."""
        outer = dict(group, members=[], step=0) if group else None
        e = self.expr(shape, depth - 1, True, outer)
        if "[t" not in e:
            return self.leaf(shape, False, outer)
        word = self.r.choice(["mean", "mean", "max", "min", "logsumexp", "sum"])
        return f"(sum[t]({e}) / T)" if word == "sum" else f"{word}[t]({e})"

    def vector(self, shape, depth, timed, group):
        n = shape[0]
        if self.r.random() < 0.04:
            return f"({self.expr((), depth - 1, timed, group)} * iota({n}) / {n})"
        form = self.r.choice(["product", "product", "product", "product", "token", "slice", "concat", "softmax", "affine", "state",
                              "time", "transposed", "reshape"])
        if form == "token":
            token = self.token_read(timed)
            if token:
                return f"onehot({token[0]})" if token[1] == n and self.r.random() < 0.3 else f"({self.param((n, token[1]))} @ {token[0]})"
            form = "product"
        if form == "slice":
            more = self.r.randint(1, 3)
            first = self.r.randint(0, more)
            return f"slice({self.expr((n + more,), depth - 1, timed, group)}, {first}, {n})"
        if form == "reshape":
            rows = self.r.choice([k for k in range(1, n + 1) if n % k == 0])
            return f"reshape({self.expr((rows, n // rows), depth - 1, timed, group)}{self.r.choice(['', f', {n}'])})"
        if form == "concat" and n > 1:
            k = self.r.randint(1, n - 1)
            left = () if k == 1 and self.r.random() < 0.5 else (k,)
            return f"concat({self.expr(left, depth - 1, timed, group)}, {self.expr((n - k,), depth - 1, timed, group)})"
        if form == "softmax":
            return f"softmax({self.expr(shape, depth - 1, timed, group)})"
        if form == "time":
            return self.over_time(shape, depth, group)
        m = self.size()
        if form == "transposed":
            return f"({self.param((m, n))}' @ {self.expr((m,), depth - 1, timed, group)})"
        if form == "state":
            return f"({self.expr((n, m), depth - 1, timed, group)} @ {self.expr((m,), depth - 1, timed, group)})"
        product = f"({self.param((n, m))} @ {self.expr((m,), depth - 1, timed, group)})"
        return f"({product} + {self.param((n,))})" if form == "affine" else product

    def matrix(self, shape, depth, timed, group):
        m, n = shape
        e = lambda s: self.expr(s, depth - 1, timed, group)
        form = self.r.choice(["outer", "outer", "product", "transpose", "leaf", "diag", "reshape"])
        if form == "outer":
            return f"outer({e((m,))}, {e((n,))})"
        if form == "product":
            k = self.size()
            return f"({e((m, k))} @ {e((k, n))})"
        if form == "transpose":
            return f"{self.atom(e((n, m)))}'"
        if form == "reshape":
            return f"reshape({e((m * n,))}, {m}, {n})"
        if form == "diag" and m == n:
            return f"diag({e((m,))})"
        return self.leaf(shape, timed, group)

    @staticmethod
    def atom(text):
        return f"({text})"

    # ---- groups

    def make_group(self, number):
        step = self.r.choice([-1, -1, 1, 1, 0])
        count = self.r.choice([1, 1, 2, 3, 4]) if step else self.r.choice([1, 2])
        group = {"id": number, "step": step, "members": []}
        for i in range(count):
            v = Variable(f"{'fbm'[0 if step < 0 else 1 if step > 0 else 2]}{number}{'abcd'[i]}", self.shape(), True, number)
            group["members"].append([v, False])
        for entry in group["members"]:
            v = entry[0]
            e = self.expr(v.shape, self.r.choice([2, 3, 3]), True, group)
            past = v.name + index_text(step) if step else None
            if self.r.random() < 0.5:                     # its own equation need not say how long it is
                self.declare.append(f"output {v.name}[t] : {type_text(v.shape)}")
            else:
                e = f"({e} + {self.param(v.shape)})"
            if step and self.r.random() < 0.4:
                gate = f"sigmoid({self.expr(v.shape if self.r.random() < 0.7 else (), 1, True, group)})"
                self.lines.append(f"{v.name}[t] = {gate} * {past} + 0.5 * {self.r.choice(['tanh', 'sigmoid'])}({e})")
                # a gate below 1 keeps the sum bounded by what tanh adds; long chains stay tame
            elif step:
                self.lines.append(f"{v.name}[t] = {self.r.choice(['tanh', 'tanh', 'sigmoid'])}({e})")
            else:
                self.lines.append(f"{v.name}[t] = {self.r.choice(['tanh', 'softsign', 'sin', ''])}({e})")
            entry[1] = True
        for v, _ in group["members"]:
            self.boundaries(v, group)
        self.vars += [v for v, _ in group["members"]]

    def boundaries(self, v, group):
        before = ["[0]", "[-1]", "[-2]"]
        after = ["[T+1]", "[T+2]", "[T+3]"]
        for place in before + after:
            main = (place in before) == (group["step"] <= 0)
            if self.r.random() > (0.4 if main else 0.1):
                continue
            how = self.r.choice(["param", "param", "computed", "zero"])
            e = {"param": lambda: self.param(v.shape), "zero": lambda: "0",
                 "computed": lambda: f"tanh({self.expr(v.shape, 1, False, dict(group, members=[], step=0))})"}[how]()
            self.lines.append(f"{v.name}{place} = {e}")

    def make_instance(self, number):
        """A cell of the model's own, perhaps twice with the same weights."""
        n, m = self.size(), self.size()
        inner = f"toy{number}"
        self.cells.append(f"""cell {inner}(n) {{
  input x[t]
  output h[t] : real[n]
  c[t] = sigmoid(W @ x[t] + w * c[t-1] + b) * c[t-1] + 0.5 * tanh(V @ x[t] + U @ h[t-1])
  h[t] = tanh(c[t])
  param W, V = glorot
  param U = orthogonal
  param w, b
}}
""")
        name = f"i{number}"
        shared = self.r.random() < 0.5
        paths = [f"{name}a"] if not shared else [name]
        source = lambda: self.expr((m,), 1, True, None)
        if shared:
            self.lines.append(f"{name} = {inner}({n})")
            self.lines.append(f"{name}a[t] = {name}({source()})")
            self.lines.append(f"{name}b[t] = {self.r.choice(['', 'reverse '])}{name}({source()})")
        else:
            self.lines.append(f"{name}a[t] = {self.r.choice(['', 'reverse '])}{inner}({n})({source()})")
        for p in paths:
            for w, shape in (("W", (n, m)), ("V", (n, m)), ("U", (n, n)), ("w", (n,)), ("b", (n,))):
                self.params[f"{p}.{w}"] = self.np.normal(0, 0.6, shape)
        self.vars += [Variable(f"{name}{x}", (n,), True, number) for x in ("ab" if shared else "a")]

    def make_sequence_value(self, number):
        v = Variable(f"q{number}", self.shape(), False, number)
        self.declare.append(f"output {v.name} : {type_text(v.shape)}")
        self.lines.append(f"{v.name} = {self.r.choice(['tanh', ''])}({self.expr(v.shape, self.r.choice([1, 2]), False, None)})")
        self.vars.append(v)

    # ---- the whole

    def make_losses(self):
        some = False
        timed = self.r.choice([True, True, False])
        if self.r.random() < 0.5:
            v = self.r.choice([2, 3, 5])
            self.token("yk", v, timed, "target")
            self.lines.append(f"ok{'[t]' if timed else ''} = {self.expr((v,), 2, timed, None)}")
            self.lines.append(f"yk{'[t]' if timed else ''} ~ categorical(ok{'[t]' if timed else ''})")
            some = True
        words = [t for t in self.tokens if t[2] and t[0] != "yk"]
        if words and self.r.random() < 0.5:
            name, v, _ = words[0]
            past = [x for x in self.vars if x.timed and x.name.startswith("f0")]
            read = f"{self.param((v, past[0].shape[0]))} @ {past[0].name}[t]" if past and len(past[0].shape) == 1 else self.param((v,))
            self.lines.append(f"ow[t] = {read} + {self.param((v,))}")
            self.lines.append(f"{name}[t+1] ~ categorical(ow[t])")
            some = True
        if self.r.random() < 0.4:
            n, timed = self.size(), self.r.choice([True, False])
            index = "[t]" if timed else ""
            self.declare.append(f"target yn{index} : real[{n}]")
            self.data["yn"] = self.np.normal(0, 1, ((self.N, self.T, n) if timed else (self.N, n)))
            self.lines.append(f"on{index} = {self.expr((n,), 2, timed, None)}")
            sigma = self.r.choice(["0.7", f"exp(0.3 * {self.param((n,))})", f"softplus(on{index}) + 0.3"])
            self.lines.append(f"yn{index} ~ normal(on{index}, {sigma})")
            some = True
        if self.r.random() < 0.3:
            n = self.size()
            self.declare.append(f"target yb[t] : real[{n}]")
            self.data["yb"] = self.np.integers(0, 2, (self.N, self.T, n)).astype(float)
            self.lines.append(f"yb[t] ~ bernoulli({self.expr((n,), 2, True, None)})")
            some = True
        if not some or self.r.random() < 0.6:
            terms = []
            for v in self.vars[-3:] + [self.r.choice(self.vars)]:
                e = self.read(v, True)
                one = f"sum(square({e} - 0.3))" if v.shape else f"square({e} - 0.3)"
                over = self.r.choice(["mean[t]", "sum[t]", "mean[t]"]) if "[t" in e else ""
                terms.append(f"{self.r.choice(['', '0.3 * '])}{over}({one})")
            self.lines.append("loss = " + " + ".join(terms))

    def make(self):
        self.input("x", (self.size(),), True)
        if self.r.random() < 0.3:
            self.input("u", (), True)
        if self.r.random() < 0.4:
            self.input("z", self.shape(), False)
        if self.r.random() < 0.15:
            self.input("w", (self.size(), self.size()), True)
        if self.r.random() < 0.45:
            self.token("k", self.r.choice([2, 3, 6]), True)
        if self.r.random() < 0.15:
            self.token("kq", 4, False)
        for i in range(self.r.choice([1, 2, 2, 3])):
            self.make_group(i)
            if self.r.random() < 0.35:
                self.make_sequence_value(i)
            if self.r.random() < 0.2:
                self.make_instance(i)
        self.make_losses()
        self.r.shuffle(self.lines) if self.r.random() < 0.3 else None
        self.declare.sort(key=lambda d: d.split()[0] == "param")
        return self

    def text(self):
        body = "\n".join("  " + l for l in self.declare + [""] + self.lines)
        return "def wrap(a) = 0.9 * tanh(0.5 * a)\n\n" + "".join(c + "\n" for c in self.cells) + f"model {self.name} {{\n{body}\n}}\n"

    def padded(self, real, token):
        """The data with something else beyond each sequence's length."""
        out = {}
        for k, a in self.data.items():
            a = a.copy()
            if self.lengths is not None and a.ndim >= 2 and f"{k}[t]" in "\n".join(self.declare):
                for b, n in enumerate(self.lengths):
                    a[b, n:] = token if a.dtype.kind == "i" else real
            out[k] = a
        if self.lengths is not None:
            out["lengths"] = np.array(self.lengths)
        return out

    def real_inputs(self):
        return [d.split()[1].split("[")[0] for d in self.declare if d.startswith("input") and "token" not in d]


def type_text(shape):
    return "real" + (f"[{', '.join(map(str, shape))}]" if shape else "")


def write_weights(path, params):
    weights.save_file({k: np.array(v, dtype=np.float64, order="C") for k, v in params.items()}, path)


def main():
    g = Generator(int(sys.argv[1])).make()
    print(g.text(), end="")
    if len(sys.argv) > 2:
        os.makedirs(sys.argv[2], exist_ok=True)
        with open(os.path.join(sys.argv[2], "model.rnn"), "w") as f:
            f.write(g.text())
        np.savez(os.path.join(sys.argv[2], "data.npz"), **g.padded(0, 0))
        write_weights(os.path.join(sys.argv[2], "weights.safetensors"), g.params)


if __name__ == "__main__":
    main()
