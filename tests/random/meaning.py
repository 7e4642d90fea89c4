"""meaning.py MODEL_FOLDER: the loss of a model straight from its text, by the definition of the language and by nothing of the compiler.

The interpreter and the generated code share the front end: if that reads a boundary or a delay wrongly, they agree on the wrong
number. This evaluator has its own parser and its own reading of docs/language.md; it takes the language that generate.py and
oracle/translate.py write: one statement a line, cells without cells in them."""
import math
import os
import re
import sys
import numpy as np
sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import weights  # noqa: E402

TOKEN = re.compile(r"\s*(?:(\d+\.?\d*(?:[eE][-+]?\d+)?|\.\d+)|([A-Za-z_]\w*)|(==|!=|<=|>=|[-+*/@^()\[\],.'<>]))")
BINDS = {"or": 1, "and": 2, "==": 4, "!=": 4, "<": 4, "<=": 4, ">": 4, ">=": 4, "+": 5, "-": 5, "*": 6, "/": 6, "@": 6, "^": 8}


class Parser:
    """Expressions as tuples: ("num", x), ("name", n), ("index", e, [e..]), ("call", e, [e..]), ("op", o, e..)"""

    def __init__(self, text):
        self.tokens, at = [], 0
        text = text.strip()
        while at < len(text):
            m = TOKEN.match(text, at)
            if not m:
                raise SyntaxError(f"{text!r} at {at}")
            self.tokens.append(m.group(m.lastindex))
            at = m.end()
        self.at = 0

    def peek(self):
        return self.tokens[self.at] if self.at < len(self.tokens) else None

    def take(self, want=None):
        t = self.peek()
        if t is None or want and t != want:
            raise SyntaxError(f"{want} wanted, {t} found in {' '.join(self.tokens)}")
        self.at += 1
        return t

    def expr(self, least=0):
        if self.peek() == "not":
            self.take()
            left = ("op", "not", self.expr(3))
        elif self.peek() == "-":
            self.take()
            left = ("op", "neg", self.expr(7))
        elif self.peek() == "reverse":
            self.take()
            left = ("reverse", self.postfix())
        else:
            left = self.postfix()
        while BINDS.get(self.peek(), -1) >= least and self.peek() in BINDS:
            o = self.take()
            left = ("op", o, left, self.expr(BINDS[o] + (o != "^")))
        return left

    def postfix(self):
        t = self.take()
        if t == "(":
            e = self.expr()
            self.take(")")
        elif t[0].isdigit() or t[0] == ".":
            e = ("num", float(t))
        else:
            e = ("name", t)
        while self.peek() in ("(", "[", "'"):
            p = self.take()
            if p == "'":
                e = ("op", "'", e)
            else:
                close, args = {"(": ")", "[": "]"}[p], []
                while self.peek() != close:
                    args.append(self.expr())
                    if self.peek() == ",":
                        self.take()
                self.take(close)
                e = ("call" if p == "(" else "index", e, args)
        return e


def parse(text):
    p = Parser(text)
    e = p.expr()
    if p.peek() is not None:
        raise SyntaxError(text)
    return e


class Token:
    def __init__(self, number, symbols):
        self.number, self.symbols = int(number), symbols

    def vector(self):
        v = np.zeros(self.symbols)
        if self.number >= 0:
            v[self.number] = 1
        return v


def real(v):
    return v.vector() if isinstance(v, Token) else v


def softplus(a):
    return np.logaddexp(0, a)


ERF = np.vectorize(math.erf, otypes=[float])
POINTWISE = {
    "tanh": np.tanh, "sigmoid": lambda a: 0.5 * (1 + np.tanh(0.5 * a)), "relu": lambda a: np.maximum(a, 0), "exp": np.exp, "log": np.log,
    "sqrt": np.sqrt, "square": lambda a: a * a, "softplus": softplus, "softsign": lambda a: a / (1 + abs(a)), "abs": np.abs, "sin": np.sin,
    "cos": np.cos, "erf": ERF, "gelu": lambda a: 0.5 * a * (1 + ERF(a / math.sqrt(2))), "silu": lambda a: a / (1 + np.exp(-a)),
    "elu": lambda a: np.where(a > 0, a, np.expm1(np.minimum(a, 0))), "clamp": lambda a, lo, hi: np.minimum(np.maximum(a, lo), hi),
    "where": lambda c, a, b: np.where(c, a, b),
}
OVERALL = {"sum": np.sum, "mean": np.mean, "max": np.max, "min": np.min, "logsumexp": lambda a: np.max(a) + np.log(np.sum(np.exp(a - np.max(a))))}
BINARY = {"+": lambda a, b: a + b, "-": lambda a, b: a - b, "*": lambda a, b: a * b, "/": lambda a, b: a / b, "^": lambda a, b: a ** b,
          "==": lambda a, b: a == b, "!=": lambda a, b: a != b, "<": lambda a, b: a < b, "<=": lambda a, b: a <= b, ">": lambda a, b: a > b,
          ">=": lambda a, b: a >= b, "and": np.logical_and, "or": np.logical_or, "@": lambda a, b: a @ b}


class Scope:
    """The names of one cell's body, or of the model: what each stands for outside."""

    def __init__(self, path, weights, argument=None, flipped=False):
        self.path, self.weights, self.argument, self.flipped = path, weights, argument, flipped


class Meaning:
    def __init__(self, text, data, params, shapes=None):
        """shapes: of computed variables, where a read outside 1..T must know it ({name: (3,)})"""
        self.data, self.params = data, params
        self.symbols, self.timed, self.shape = {}, {}, dict(shapes or {})
        self.equation, self.bound, self.defs, self.cells, self.draws, self.named = {}, {}, {}, {}, [], {}
        self.explicit = None
        self.read_text(text)
        given = [n for n in self.timed if n in data]
        self.B = data[given[0]].shape[0]
        whole = next((data[n].shape[1] for n in given if self.timed[n]), 1)
        self.len = [int(n) for n in data["lengths"]] if "lengths" in data else [whole] * self.B
        self.memo = {}

    # ---- statements

    def read_text(self, text):
        body, cell = None, None
        for line in text.split("\n"):
            line = line.split("#")[0].strip()
            if not line:
                continue
            if line.startswith("def "):
                m = re.match(r"def (\w+)\((.*?)\)\s*=\s*(.*)", line)
                self.defs[m[1]] = ([a.strip() for a in m[2].split(",")], parse(m[3]))
            elif line.startswith("cell "):
                cell = self.cells.setdefault(re.match(r"cell (\w+)", line)[1], {"equation": {}, "output": None, "input": None, "params": set()})
                body = "cell"
            elif line.startswith("model ") or line == "train {":
                body = line.split()[0]
            elif line == "}":
                body = "model" if body == "train" else None
            elif body == "cell":
                self.cell_line(cell, line)
            elif body == "model":
                self.model_line(line)

    def cell_line(self, cell, line):
        word = line.split()[0]
        if word in ("input", "output"):
            cell[word] = re.match(r"\w+\s+(\w+)", line)[1]
        elif word == "param":
            cell["params"] |= {p.strip() for p in line[6:].split("=")[0].split(",")}
        else:
            left, right = line.split("=", 1)
            cell["equation"][left.split("[")[0].strip()] = parse(right)

    def model_line(self, line):
        m = re.match(r"(input|target|param|output) (\w+)(\[t\])? : (real|token)(?:\[(.*)\])?", line)
        if m:
            role, name, timed, kind, size = m.groups()
            if role != "param":
                self.timed[name] = bool(timed)
            sizes = tuple(int(s) for s in (size or "").split(",") if s.strip())
            self.shape[name] = sizes
            if kind == "token":
                self.symbols[name] = sizes[0]
        elif "~" in line:
            left, right = line.split("~")
            self.draws.append((parse(left), parse(right)))
        else:
            self.read_equation(*re.match(r"([^=]*[^=<>!])=(?!=)(.*)", line).groups())

    def read_equation(self, left, right):
        target, e = parse(left), parse(right)
        if target == ("name", "loss"):
            self.explicit = e
        elif target[0] == "name":
            if e[0] == "call" and e[1][0] == "name" and e[1][1] in self.cells:
                self.named[target[1]] = e[1][1]
            else:
                self.timed[target[1]] = False
                self.equation[target[1]] = e
        elif target[2] == [("name", "t")]:
            self.timed[target[1][1]] = True
            self.equation[target[1][1]] = e
        else:
            self.bound[target[1][1], self.place_text(target[2][0])] = e

    @staticmethod
    def place_text(e):
        """[0], [-2] -> ("start", k); [T+1] -> ("end", k)"""
        if e[0] == "num":
            return ("start", int(e[1]))
        if e[0] == "op" and e[1] == "neg":
            return ("start", -int(e[2][1]))
        if e == ("name", "T"):
            return ("end", 0)
        return ("end", int(e[3][1]) * (1 if e[1] == "+" else -1))

    # ---- values at places

    def outside(self, scope, name, b, place):
        """What a read outside 1..T gives: its boundary equation's value, or None for zero."""
        key = (name, ("start", place)) if place < 1 else (name, ("end", place - self.len[b]))
        if key not in self.bound:
            return None
        return self.eval(self.bound[key], scope, b, None)

    def at(self, scope, name, b, t):
        """name at t = 1..T, or without index (t None)"""
        if scope.path and name == self.cell_of(scope)["input"]:
            return self.eval(scope.argument, self.top, b, t)
        full = f"{scope.path}.{name}" if scope.path else name
        if name in self.data and not scope.path:
            v = self.data[name][b, t - 1] if self.timed[name] else self.data[name][b]
            return Token(v, self.symbols[name]) if name in self.symbols else np.asarray(v, float)
        key = (full, b, t)
        if key not in self.memo:
            self.memo[key] = None
            self.memo[key] = self.compute(scope, name, b, t)
        if self.memo[key] is None:
            raise RecursionError(f"{full} needs itself")
        return self.memo[key]

    top = Scope("", "")

    def cell_of(self, scope):
        return self.cells[scope.cell]

    def compute(self, scope, name, b, t):
        if scope.path:
            return real(self.eval(self.cell_of(scope)["equation"][name], scope, b, t))
        e = self.equation[name]
        use = self.instance(name, e)
        if use:
            return self.at(use, self.cells[use.cell]["output"], b, t)
        return self.eval(e, scope, b, t)

    def instance(self, name, e):
        """The scope of `[reverse] cell(n)(x)` or `[reverse] named(x)`, or None"""
        flipped = e[0] == "reverse"
        e = e[1] if flipped else e
        if e[0] != "call":
            return None
        f = e[1]
        if f[0] == "call" and f[1][0] == "name" and f[1][1] in self.cells:
            cell, weights = f[1][1], name
        elif f[0] == "name" and f[1] in self.named:
            cell, weights = self.named[f[1]], f[1]
        else:
            return None
        scope = Scope(name, weights, e[2][0], flipped)
        scope.cell = cell
        return scope

    def read(self, scope, name, index, b, t):
        place = index
        if index[0] == "name" and index[1] == "t":
            at = t
        elif index[0] == "op" and index[2] == ("name", "t"):
            k = int(index[3][1]) * (1 if index[1] == "+" else -1)
            at = t - k if scope.flipped else t + k
        else:
            which, k = self.place_text(place)
            at = k if which == "start" else self.len[b] + k
        if 1 <= at <= self.len[b]:
            return self.at(scope, name, b, at)
        v = None if scope.path else self.outside(scope, name, b, at)
        return self.zero(scope, name) if v is None else self.in_shape(name, v)

    def in_shape(self, name, v):
        """A boundary `h[0] = 0` of a vector"""
        return v if isinstance(v, Token) or name not in self.shape else np.broadcast_to(shaped(v), self.shape[name])

    def zero(self, scope, name):
        if not scope.path and name in self.symbols:
            return Token(-1, self.symbols[name])
        return np.zeros(self.shape[name]) if name in self.shape and not scope.path else Zero()

    # ---- expressions

    def eval(self, e, scope, b, t):
        kind = e[0]
        if kind == "num":
            return e[1]
        if kind == "name":
            return self.name(e[1], scope, b, t)
        if kind == "op":
            return self.operator(e, scope, b, t)
        if kind == "index":
            return self.read(scope, e[1][1], e[2][0], b, t)
        if kind == "call":
            return self.call(e, scope, b, t)
        raise SyntaxError(str(e))

    def name(self, n, scope, b, t):
        if isinstance(scope, dict):
            return scope[n]
        if n == "t":
            return float(t)
        if n == "T":
            return float(self.len[b])
        if n == "batch":
            return float(self.B)
        if scope.path and n in self.cell_of(scope)["params"]:
            return self.params[f"{scope.weights}.{n}"]
        if n in self.params:
            return self.params[n]
        return self.at(scope, n, b, None)

    def operator(self, e, scope, b, t):
        a = [self.eval(x, scope, b, t) for x in e[2:]]
        if e[1] == "@" and isinstance(a[1], Token):
            return a[0] @ a[1].vector()
        a = [real(x) for x in a]
        if any(isinstance(x, Zero) for x in a):
            return with_zeros(e[1], a)
        if e[1] == "neg":
            return -a[0]
        if e[1] == "not":
            return np.logical_not(a[0])
        if e[1] == "'":
            return a[0].T if np.ndim(a[0]) == 2 else a[0][None, :]
        return BINARY[e[1]](*a)

    def call(self, e, scope, b, t):
        f, args = e[1], e[2]
        if f[0] == "index":
            return self.reduce(f[1][1], f[2][0][1], args[0], scope, b, t)
        f = f[1]
        if f in self.defs:
            names, body = self.defs[f]
            return self.eval(body, dict(zip(names, [self.eval(a, scope, b, t) for a in args])), b, t)
        a = [self.eval(x, scope, b, t) for x in args]
        if f == "pick":
            return shaped(a[0])[a[1].number] if a[1].number >= 0 else 0.0
        return self.function(f, [real(x) for x in a])

    def function(self, f, a):
        if f == "slice":
            return shaped(a[0])[int(a[1]):int(a[1]) + int(a[2])]
        if f == "reshape":
            return np.reshape(shaped(a[0]), [int(x) for x in a[1:]] or [-1])
        if f in POINTWISE and any(isinstance(x, Zero) for x in a):
            y = POINTWISE[f](*[shaped(x) for x in a])
            return Zero() if np.ndim(y) == 0 and y == 0 else y
        a = [shaped(x) for x in a]
        if f in ("min", "max") and len(a) == 2:
            return (np.minimum if f == "min" else np.maximum)(*a)
        if f in POINTWISE:
            return POINTWISE[f](*a)
        if f in OVERALL:
            return OVERALL[f](a[0])
        if f == "onehot":
            return a[0]
        if f == "softmax":
            return np.exp(a[0] - OVERALL["logsumexp"](a[0]))
        if f == "concat":
            return np.concatenate([np.atleast_1d(x) for x in a])
        if f == "iota":
            return np.arange(float(a[0]))
        if f == "outer":
            return np.outer(*a)
        if f == "diag":
            return np.diag(a[0])
        if f == "dot":
            return np.sum(a[0] * a[1])
        raise SyntaxError("function " + f)

    def reduce(self, f, axis, body, scope, b, t):
        if axis == "batch":
            values = [shaped(real(self.eval(body, scope, i, t))) for i in range(self.B) if t is None or t <= self.len[i]]
        else:
            values = [shaped(real(self.eval(body, scope, b, i))) for i in range(1, self.len[b] + 1)]
        values = np.array(np.broadcast_arrays(*values))
        if f in ("softmax", "logsumexp"):
            total = values.max(0) + np.log(np.exp(values - values.max(0)).sum(0))
            return total if f == "logsumexp" else np.exp(values[t - 1] - total)
        return {"sum": np.sum, "mean": np.mean, "max": np.max, "min": np.min}[f](values, axis=0)

    # ---- the loss

    def draw_mean(self, left, right):
        """The mean negative log-likelihood of all elements that the batch holds."""
        indexed = left[0] == "index"
        name = left[1][1] if indexed else left[1]
        e = left[2][0] if indexed else None
        offset = 0 if not indexed or e == ("name", "t") else int(e[3][1]) * (1 if e[1] == "+" else -1)
        total, count = 0.0, 0
        for b in range(self.B):
            for t in range(1, self.len[b] + 1) if indexed else [None]:
                if indexed and not 1 <= t + offset <= self.len[b]:
                    continue
                y = self.at(self.top, name, b, t + offset if indexed else None)
                a = [shaped(real(self.eval(x, self.top, b, t))) for x in right[2]]
                one = self.nll(right[1][1], y, a)
                total, count = total + np.sum(one), count + np.size(one)
        return total / max(count, 1)

    @staticmethod
    def nll(kind, y, a):
        if kind == "categorical":
            return OVERALL["logsumexp"](a[0]) - a[0][y.number]
        if kind == "bernoulli":
            return softplus(a[0]) - y * a[0]
        z = (y - a[0]) / a[1]
        return 0.5 * z * z + np.log(a[1]) + 0.5 * math.log(2 * math.pi) + np.zeros(np.shape(y))

    def loss(self):
        sys.setrecursionlimit(100000)
        total = sum(self.draw_mean(*d) for d in self.draws)
        if self.explicit:
            total += float(np.mean([shaped(self.eval(self.explicit, self.top, b, None)) for b in range(self.B)]))
        return float(total)


class Zero:
    """Zero of a shape that is not known yet: it takes the shape of what it meets."""


def shaped(x):
    return 0.0 if isinstance(x, Zero) else x


def with_zeros(op, a):
    """An operator of a value outside 1..T that no equation gives."""
    if op == "@":
        return Zero() if isinstance(a[0], Zero) or np.ndim(a[0]) < 2 else np.zeros(a[0].shape[0])
    if op in ("*", "neg", "'") or op == "/" and isinstance(a[0], Zero) or all(isinstance(x, Zero) for x in a) and op in "+-":
        return Zero()
    return BINARY[op](*[shaped(x) for x in a])


def main():
    with np.load(f"{sys.argv[1]}/{sys.argv[2] if len(sys.argv) > 2 else 'data'}.npz") as z:
        data = {k: z[k] for k in z.files}
    with open(f"{sys.argv[1]}/model.rnn") as f:
        print(Meaning(f.read(), data, weights.load_file(f"{sys.argv[1]}/{sys.argv[2] if len(sys.argv) > 2 else 'weights'}.safetensors")).loss())


if __name__ == "__main__":
    main()
