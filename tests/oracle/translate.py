"""translate.py: a neutral program (nrir: case.json and its arrays) as an rnnc model, its data and its weights.

The neutral form writes vectors as rows, so a weight is [n_in, n_out] and stands on the right; rnnc writes columns: `x @ W` becomes
`W @ x[t]` and every matrix is kept transposed. Arrays [T, B, ...] become [N, T, ...].

Scans over two dimensions are a model of two axes: the last scan's is t, the other s.

translate(case, data) returns a Model; Unsupported says why a case can't be stated.
  python3 translate.py CASE_FOLDER [OUT_FOLDER]     prints the model, and writes model.rnn, data.npz, weights.safetensors
"""
import ast
import json
import os
import re
import sys
import numpy as np
from values import ATOM, PRODUCT, SIGN, SUM, Unsupported, Val, elementwise, joined, matmul, number, vector
sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import weights  # noqa: E402

RESERVED = set("""model cell def import size axis input target output param noise metric train reverse and or not loss t T s S batch
dim real token sum mean max min norm softmax logsumexp argmax concat slice where clamp square softsign softplus relu tanh sigmoid exp
log sqrt erf sin cos abs sign pow elu gelu silu outer diag dot pick stop_gradient true false inf pi e stack categorical bernoulli normal
zeros ones constant uniform glorot he orthogonal identity lstm gru elman dense embedding layer_norm hardsigmoid hardtanh floor onehot
index observed fresh axis batchnorm""".split())
BATCHNORM = "def batchnorm(d, gain, shift, eps = 1e-5) = gain * d / sqrt(mean[batch](square(d)) + eps) + shift   # d around its mean\n\n"
KEEP_ONLY = ["batch = 1000000", "steps = 1", "shuffle = false", "optimizer = sgd(rate = 0)"]   # one update that changes no parameter
BARE = re.compile(r"(\w+)(\[[ts]\])?")


class Model:
    """What a case becomes. params, inputs: {our name: array}; where: {neutral name: (our name, kind)} with kind one of
    param, input, shared (the same for all sequences: its gradient is the sum over them). axes: letters, the primary one last. kept: the
    steps of which statistics of batches are kept, 0 where there are none."""

    def __init__(self, name):
        self.name = name
        self.declare, self.lines, self.loss, self.draws, self.train = [], [], [], [], []
        self.params, self.inputs, self.where, self.outputs = {}, {}, {}, {}
        self.lengths, self.axes, self.kept = {}, "t", 0

    def text(self):
        out = [f"model {self.name} {{"] + (["  axis s, t"] if self.axes == "st" else []) + ["  " + d for d in self.declare] + [""]
        out += ["  " + l for l in self.lines + self.draws]
        if self.loss:
            out += ["  loss = " + " ".join(self.loss)]
        settings = self.train + ([f"statistics = {self.kept}"] if self.kept else []) + (KEEP_ONLY if self.kept and not self.train else [])
        if settings:
            out += ["", "  train {"] + ["    " + s for s in settings] + ["  }"]
        return BATCHNORM * bool(self.kept) + "\n".join(out + ["}", ""])

    def bare(self, v):
        """The variable that v is a read of, at its own place; None where it is more."""
        m = BARE.fullmatch(v.code)
        return m[1] if m else None


class Translator:
    def __init__(self, case, data):
        self.case, self.prog, self.data = case, case["program"], data
        self.dims = self.prog["dims"]
        self.model = Model("".join(c if c.isalnum() else "_" for c in case["name"]))
        self.taken, self.env, self.drawn = set(RESERVED), {}, set()
        self.scans = [s["scan"] for s in self.prog["steps"] if "scan" in s]
        self.letter = self.find_axes()      # of each dimension that is a time axis
        self.model.axes = "".join(sorted(self.letter.values()))
        self.B = self.dims.get("B", 1)
        self.symbols = {}      # of integer inputs
        self.used = set()      # neutral names of inputs that the program reads
        self.temporaries = 0
        self.find_lengths()

    # ---- names and sizes

    def name(self, wanted):
        wanted = "".join(c if c.isalnum() or c == "_" else "_" for c in wanted)
        while wanted in self.taken:
            wanted += "_"
        self.taken.add(wanted)
        return wanted

    def size(self, d):
        return self.dims[d] if isinstance(d, str) and not d.isdigit() else int(d)

    def find_axes(self):
        dims = list(dict.fromkeys(s["T"] for s in reversed(self.scans)))
        if not dims:
            raise Unsupported("no scan")
        if len(dims) > 2:
            raise Unsupported("three time axes")
        return dict(zip(dims, "ts"))

    def array(self, name):
        return self.data["in." + name] if "in." + name in self.data else self.data["par." + name]

    # ---- masks

    def find_lengths(self):
        """A mask that is a prefix of each sequence, used for nothing but to mask, is sequences of different lengths."""
        masks = {s.get("mask") for s in self.scans}
        self.by_length = None
        if "batchnorm(" in json.dumps(self.prog["steps"]):   # of all sequences, those too that have ended
            return
        if masks == {None} or len(masks) != 1 or len(self.letter) != 1:
            return
        mask = masks.pop()
        if mask is None or not mask.isidentifier() or mask not in self.prog["inputs"]:
            return
        m = self.array(mask)
        lengths = m.sum(0).astype(np.int64)
        prefix = (np.arange(m.shape[0])[:, None] < lengths[None, :]).astype(m.dtype)
        if not np.array_equal(m, prefix) or lengths.min() < 1 or self.uses_padding(mask):
            return
        self.by_length, self.lengths = mask, lengths

    def uses_padding(self, mask):
        """Does anything but the masked scans and masked losses read the mask or reduce over all steps?"""
        sequences = {n for n, i in self.prog["inputs"].items() if set(self.letter) & set(i["shape"])}
        for st in self.prog["steps"]:
            if "scan" in st:
                sequences |= {f"{st['scan']['name']}.{n}" for n in st["scan"]["emit"]}
                if any(mask in ast.dump(ast.parse(b.split("=", 1)[1].strip())).split("'") for b in st["scan"]["body"]):
                    return True
                continue
            text = st["let"].split("=", 1)[1].strip() if "let" in st else st["loss"]
            for node in ast.walk(ast.parse(text, mode="eval")):
                if isinstance(node, ast.Call) and node.func.id in ("mse", "xent", "mean", "sum", "bce", "nll_gauss"):
                    if any(ast.unparse(n) in sequences for n in ast.walk(node) if isinstance(n, (ast.Name, ast.Attribute))):
                        return True
                if isinstance(node, ast.Name) and node.id == mask:
                    calls = [c for c in ast.walk(ast.parse(text, mode="eval"))
                             if isinstance(c, ast.Call) and c.func.id in ("xent_masked", "mse_masked")]
                    inside = sum(isinstance(n, ast.Name) and n.id == mask for c in calls for n in ast.walk(c))
                    everywhere = sum(isinstance(n, ast.Name) and n.id == mask
                                     for n in ast.walk(ast.parse(text, mode="eval")))
                    if inside != everywhere:
                        return True
            if "let" in st and any(ast.unparse(n) in sequences for n in ast.walk(ast.parse(text, mode="eval"))
                                   if isinstance(n, (ast.Name, ast.Attribute))):
                sequences.add(st["let"].split("=", 1)[0].strip())
        return False

    # ---- declarations

    def given(self, neutral):
        """The input or parameter of this name, declared the first time it is read."""
        if neutral in self.env:
            return self.env[neutral]
        is_input = neutral in self.prog["inputs"]
        spec = (self.prog["inputs"] if is_input else self.prog["params"]).get(neutral)
        if spec is None:
            raise Unsupported(f"no value named {neutral}")
        dims = list(spec["shape"])
        timed = self.letter.get(dims[0], "") if dims else ""
        rest = dims[1:] if timed else dims
        batch = bool(rest) and rest[0] == "B"
        if not timed and "B" in dims[1:] or set(self.letter) & set(dims[1:]):
            raise Unsupported(f"the axes of {neutral} are in another order")
        rest = rest[1:] if batch else rest
        sizes = tuple(self.size(d) for d in rest)
        if len(sizes) > 2:
            raise Unsupported(f"{neutral} has {len(sizes)} axes besides time and batch")
        our = self.name(neutral)
        a = self.array(neutral)
        if not timed and not batch:
            self.add_param(neutral, our, a, sizes)
            v = Val(our, sizes[::-1])
        else:
            v = self.add_input(neutral, our, a, sizes, timed, batch, spec.get("dtype") == "i8")
        self.env[neutral] = v
        return v

    def add_param(self, neutral, our, a, sizes):
        self.model.declare.append(f"param {our}{type_text(sizes[::-1])}")
        self.model.params[our] = a.T.copy() if a.ndim == 2 else a
        self.model.where[neutral] = (our, "param")

    def add_input(self, neutral, our, a, sizes, timed, batch, integer):
        if timed and batch:
            a = np.moveaxis(a, 0, 1)
        elif timed:
            a = np.repeat(a[None], self.B, 0)
        if len(sizes) == 2:
            a = np.swapaxes(a, -1, -2)
        self.model.inputs[our] = np.ascontiguousarray(a)
        self.model.where[neutral] = (our, "input" if batch else "shared")
        token = None
        if integer:
            if sizes:
                raise Unsupported("vectors of tokens")
            token = neutral
        index = f"[{timed}]" if timed else ""
        self.model.declare.append((neutral, our, index, sizes[::-1]) if integer else f"input {our}{index}{type_text(sizes[::-1])}")
        return Val(our + index, sizes[::-1], timed, True, token=token)

    def finish_declarations(self):
        for i, d in enumerate(self.model.declare):
            if isinstance(d, tuple):
                neutral, our, index, _ = d
                role = "target" if our in self.drawn else "input"
                symbols = self.symbols.get(neutral) or int(self.array(neutral).max()) + 1
                self.model.declare[i] = f"{role} {our}{index} : token[{symbols}]"
            else:
                for n in self.drawn:
                    if d.startswith(f"input {n}[") or d.startswith(f"input {n} "):
                        self.model.declare[i] = d.replace("input", "target", 1)
        self.model.declare.sort(key=lambda d: ("input", "target", "param").index(d.split()[0]))

    # ---- equations

    def equation(self, our, v):
        index = f"[{v.time}]" if v.time else ""
        self.model.lines.append(f"{our}{index} = {v.code}")
        return Val(our + index, v.shape, v.time, v.batch)

    def temporary(self, stem, v):
        if v.binds == ATOM and self.model.bare(v):
            return v
        self.temporaries += 1
        return self.equation(self.name(f"{self.prefix}{stem}{self.temporaries}"), v)

    def run(self):
        self.prefix = ""
        for st in self.prog["steps"]:
            if "let" in st:
                n, e = [q.strip() for q in st["let"].split("=", 1)]
                v = self.eval(e, self.env_lookup)
                if v.token:
                    self.env[n] = v
                else:
                    self.env[n] = self.equation(self.name(n), v)
            elif "scan" in st:
                self.scan(st["scan"])
            elif "loss" in st:
                self.loss(ast.parse(st["loss"].strip(), mode="eval").body)
        for n in self.prog["params"]:
            self.given(n)
        for n in self.case.get("wrt", []):
            self.given(n)
        for n in self.case.get("outputs", []):
            v = self.env_lookup(n)
            self.model.outputs[n] = self.model.bare(v) or self.model.bare(self.equation(self.name("show_" + n), v))
        self.finish_declarations()
        if self.by_length:
            self.model.lengths["lengths"] = self.lengths
        for dim, axis in self.letter.items():
            if not self.by_length and not any(f"[{axis}]" in d for d in self.model.declare):   # nothing else says how long a sequence is
                self.model.lengths["lengths" if axis == "t" else "lengths_s"] = np.full(self.B, self.size(dim))
        self.model.symbols = self.symbols
        return self.model

    def env_lookup(self, n):
        return self.env[n] if n in self.env else self.given(n)

    # ---- scans

    def scan(self, s):
        name, forward, axis = s["name"], s["dir"] == 1, self.letter[s["T"]]
        length = axis.upper()
        self.prefix = name + "_"
        mask = None if self.by_length or not s.get("mask") else self.eval(s["mask"], self.env_lookup)
        over = {a: self.temporary("over", self.eval(e, self.env_lookup)) for a, e in s["over"].items()}
        for a, v in over.items():
            if v.time != axis:
                raise Unsupported(f"a scan over {a}, which does not vary over its axis")
        body = [line.split("=", 1) for line in s["body"]]
        body = [(l.strip(), ast.parse(r.strip(), mode="eval").body) for l, r in body]
        last = {l: i for i, (l, _) in enumerate(body)}
        state = {n: self.name(f"{name}_{n}") for n in s["states"]}
        shape = self.state_shapes(s, body, over)
        local = {}

        def lookup(n):
            if n in local:
                return local[n]
            return over[n] if n in over else self.env_lookup(n)

        def delayed(n, k):
            if n not in state or k > len(s["states"][n]):
                raise Unsupported(f"{n}[-{k}] is not a state's past")
            return Val(f"{state[n]}[{axis}{'-' if forward else '+'}{k}]", shape[n], axis, True)

        for i, (l, e) in enumerate(body):
            v = self.eval_node(e, lookup, delayed)
            if v.time and v.time != axis:
                raise Unsupported("a value of the other time axis in a scan")
            v.time = axis
            masked_state = mask is not None and l in state
            plain = last[l] == i and not masked_state
            our = (state[l] if l in state else self.name(f"{name}_{l}")) if plain else self.name(f"{name}_{l}_new")
            local[l] = self.equation(our, v)
            if masked_state and last[l] == i:
                past = delayed(l, 1).code
                self.equation(state[l], Val(f"{mask.code} * {local[l].code} + (1 - {mask.code}) * {past}", v.shape, axis, True))
        for n, inits in s["states"].items():
            for k, init in enumerate(inits):
                if init.startswith("zeros:"):
                    continue
                v = self.eval(init, self.env_lookup)
                place = (f"[{-k}]" if forward else f"[{length}+{k + 1}]")
                self.model.lines.append(f"{state[n]}{place} = {v.code}")
            self.env[f"{name}.{n}_final"] = Val(f"{state[n]}[{length if forward else '1'}]", shape[n], "", True)
        for n in s["emit"]:
            v = Val(f"{state[n]}[{axis}]", shape[n], axis, True) if n in state else local[n]
            if mask is not None:
                v = self.equation(self.name(f"{name}_{n}_out"), elementwise("*", v, mask))
            self.env[f"{name}.{n}"] = v
        self.prefix = ""

    def state_shapes(self, s, body, over):
        """From the initial values; a state's own equation agrees."""
        shape = {}
        for n, inits in s["states"].items():
            init = inits[0]
            if init.startswith("zeros:"):
                shape[n] = tuple(self.size(d) for d in init[6:].split(",") if d != "B")
            else:
                shape[n] = self.eval(init, self.env_lookup).shape
        return shape

    # ---- expressions

    def eval(self, text, lookup):
        return self.eval_node(ast.parse(text.strip(), mode="eval").body, lookup, None)

    def eval_node(self, e, lookup, delayed):
        go = lambda x: self.eval_node(x, lookup, delayed)
        if isinstance(e, ast.Constant):
            return number(e.value)
        if isinstance(e, ast.Name):
            return lookup(e.id)
        if isinstance(e, ast.Attribute):
            return lookup(f"{e.value.id}.{e.attr}")
        if isinstance(e, ast.Subscript):
            k = e.slice
            if not (isinstance(e.value, ast.Name) and isinstance(k, ast.UnaryOp) and isinstance(k.operand, ast.Constant)) or not delayed:
                raise Unsupported("an index that is not a delay: " + ast.unparse(e))
            return delayed(e.value.id, k.operand.value)
        if isinstance(e, ast.UnaryOp) and isinstance(e.op, ast.USub):
            v = go(e.operand)
            return Val("-" + v.at(ATOM), v.shape, v.time, v.batch, SIGN)
        if isinstance(e, ast.BinOp):
            a, b = go(e.left), go(e.right)
            if isinstance(e.op, ast.MatMult):
                return matmul(a, b)
            op = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/"}.get(type(e.op))
            if not op:
                raise Unsupported("operator in " + ast.unparse(e))
            return elementwise(op, a, b)
        if isinstance(e, ast.Call) and isinstance(e.func, ast.Name):
            return self.call(e.func.id, [go(a) for a in e.args], linear=False)
        raise Unsupported("expression " + ast.unparse(e))

    def call(self, f, a, linear):
        plain = "tanh sigmoid relu exp log sqrt square softplus softsign abs".split()
        x = a[0]
        if f in plain:
            return Val(f"{f}({x.code})", x.shape, x.time, x.batch)
        if f == "hardsigmoid":
            return Val(f"clamp(0.2 * {x.at(PRODUCT + 1)} + 0.5, 0, 1)", x.shape, x.time, x.batch)
        if f == "clip":
            return Val(f"clamp({', '.join(v.code for v in a)})", x.shape, x.time, x.batch)
        if f == "softmax":
            return Val(f"softmax({vector(x).code})", vector(x).shape, x.time, x.batch)
        if f == "layernorm":
            return self.layernorm(*a)
        if f == "batchnorm":
            return self.batchnorm(*a)
        if f == "concat":
            return Val(f"concat({', '.join(v.code for v in a)})", (sum(v.shape[0] if v.shape else 1 for v in a),), **joined(a))
        if f == "slice":
            i, j = int(a[1].code), int(a[2].code)
            return Val(f"slice({x.code}, {i}, {j - i})", (j - i,), x.time, x.batch)
        if f == "rowsum":
            return Val(f"sum({x.code})", (), x.time, x.batch)
        if f == "transpose":
            return Val(f"{x.at(ATOM)}'", x.shape[::-1], x.time, x.batch)
        if f == "where":
            y = elementwise("+", a[1], a[2])
            y = elementwise("+", y, x) if x.shape else y
            return Val(f"where({x.at(SUM + 1)} > 0, {a[1].code}, {a[2].code})", y.shape, **joined(a))
        if f == "lookup":
            if not a[1].token:
                raise Unsupported("lookup of something that is no input")
            self.symbols[a[1].token] = x.shape[1]
            return Val(f"{x.at(ATOM)} @ {a[1].code}", (x.shape[0],), binds=PRODUCT, product="@", **joined(a))
        return self.reduction(f, a, linear)

    def layernorm(self, a, g=None, b=None, eps=None):
        a = self.temporary("ln", a)
        centred = self.temporary("ln", Val(f"{a.code} - mean({a.code})", a.shape, a.time, a.batch, SUM))
        code = f"{centred.code} / sqrt(mean(square({centred.code})) + {eps.code if eps else '1e-5'})"
        v = Val(code, a.shape, a.time, a.batch, PRODUCT, product="/")
        v = elementwise("*", v, g) if g else v
        return elementwise("+", v, b) if b else v

    def batchnorm(self, a, g, b, eps=None):
        self.model.kept = max(self.size(dim) for dim in self.letter)
        a = self.temporary("bn", vector(a))
        d = self.temporary("bn", Val(f"{a.code} - mean[batch]({a.code})", a.shape, a.time, a.batch, SUM))
        return Val(f"batchnorm({', '.join(v.code for v in [d, g, b] + [eps] * bool(eps))})", a.shape, a.time, True)

    # ---- reductions to one number for the whole batch

    def over_all(self, v, mean, linear):
        """The sum or mean of every element. A loss is averaged over the sequences by itself: where the value stands in it
        alone or in a sum (linear), the mean over the batch need not be written."""
        word = "mean" if mean else "sum"
        code = f"{word}({v.code})" if v.shape else v.code
        if v.time:
            code = f"{word}[{v.time}]({code})"
        if v.batch and not (mean and linear):
            code = f"sum[batch]({code})" + (f" / {self.B}" if mean else "")
            return Val(code, binds=PRODUCT if mean else ATOM)
        return Val(code, binds=ATOM)

    def nll(self, logits, ids):
        if not ids.token:
            raise Unsupported("cross entropy with something that is no input")
        self.symbols[ids.token] = logits.shape[0]
        logits = self.temporary("logits", logits)
        code = f"logsumexp({logits.code}) - sum({logits.code}' @ {ids.code})"
        return Val(code, (), binds=SUM, **joined([logits, ids]))

    def reduction(self, f, a, linear):
        square = lambda v: Val(f"square({v.code})", v.shape, v.time, v.batch)
        if f in ("sum", "mean"):
            return self.over_all(a[0], f == "mean", linear)
        if f == "mse":
            return self.over_all(square(elementwise("-", a[0], a[1])), True, linear)
        if f == "xent":
            return self.over_all(self.nll(a[0], a[1]), True, linear)
        if f == "bce":
            one = Val(f"softplus({a[0].code}) - {a[1].at(PRODUCT)} * {a[0].at(SIGN)}", a[0].shape, binds=SUM, **joined(a))
            if not one.time:
                return self.over_all(one, True, linear)
            return self.over_all(Val(f"sum({one.code})" if one.shape else one.code, (), one.time, one.batch), True, linear)
        if f == "nll_gauss":
            z = elementwise("*", elementwise("-", a[0], a[1]), Val(f"exp(-{a[2].at(ATOM)})", a[2].shape, **joined([a[2]])))
            one = elementwise("+", elementwise("*", number(0.5), square(z)), a[2])
            return elementwise("+", self.over_all(one, True, linear), number(0.5 * np.log(2 * np.pi)))
        if f == "kl_gauss":
            mu, rho, prior = a
            s = self.temporary("kl", Val(f"softplus({rho.code})", rho.shape, **joined([rho])))
            p = prior.code
            one = f"log({p} / {s.code}) + (square({s.code}) + square({mu.code})) / (2 * {p} * {p}) - 0.5"
            return self.over_all(Val(one, mu.shape, binds=SUM, **joined([mu, rho])), False, linear)
        if f in ("xent_masked", "mse_masked"):
            return self.masked_loss(f, a)
        raise Unsupported("function " + f)

    def masked_loss(self, f, a):
        if f == "xent_masked":
            one = self.nll(a[0], a[1])
        else:
            d = elementwise("-", a[0], a[1])
            one = Val(f"mean(square({d.code}))" if d.shape else f"square({d.code})", (), **joined([d]))
        if self.by_length:
            return Val(f"sum[batch](sum[t]({one.code})) / {int(self.lengths.sum())}", binds=PRODUCT)
        m = a[2]
        one = elementwise("*", one, m)
        return Val(f"sum[batch](sum[{one.time}]({one.code})) / sum[batch](sum[{m.time}]({m.code}))", binds=PRODUCT)

    # ---- the loss

    def loss(self, e):
        """Its terms: a cross entropy that stands alone is a draw, all else is written out."""
        self.term(e, "")

    def add_term(self, v, sign):
        if self.model.loss:
            self.model.loss.append("-" if sign else "+")
            self.model.loss.append(v.at(PRODUCT))
        else:
            self.model.loss.append("-" + v.at(ATOM) if sign else v.code)

    def term(self, e, sign):
        if isinstance(e, ast.BinOp) and isinstance(e.op, (ast.Add, ast.Sub)):
            self.term(e.left, sign)
            self.term(e.right, sign if isinstance(e.op, ast.Add) else ("" if sign else "-"))
            return
        if isinstance(e, ast.Call) and not sign and self.draw(e.func.id, e.args):
            return
        self.add_term(self.linear(e), sign)

    def linear(self, e):
        """A value that enters the loss with a constant factor only."""
        if isinstance(e, ast.Call):
            return self.call(e.func.id, [self.eval_node(a, self.env_lookup, None) for a in e.args], linear=True)
        if isinstance(e, ast.BinOp) and isinstance(e.op, ast.Mult):
            for k, x in ((e.left, e.right), (e.right, e.left)):
                if isinstance(k, ast.Constant):
                    return elementwise("*", number(k.value), self.linear(x))
        if isinstance(e, ast.BinOp) and isinstance(e.op, ast.Div) and isinstance(e.right, ast.Constant):
            return elementwise("/", self.linear(e.left), number(e.right.value))
        if isinstance(e, ast.BinOp) and isinstance(e.op, (ast.Add, ast.Sub)):
            return elementwise("+" if isinstance(e.op, ast.Add) else "-", self.linear(e.left), self.linear(e.right))
        return self.eval_node(e, self.env_lookup, None)

    def draw(self, f, args):
        a = lambda i: self.eval_node(args[i], self.env_lookup, None)
        masked = f == "xent_masked" and self.by_length and isinstance(args[2], ast.Name) and args[2].id == self.by_length
        if f == "xent" or masked:
            logits, y = a(0), a(1)
            if not y.token or logits.shape == () or y.time != logits.time:
                return False
            text = f"categorical({logits.code})"
            symbols = logits.shape[0]
            if self.symbols.setdefault(y.token, symbols) != symbols:
                return False
        elif f == "nll_gauss":
            y, mu, ls = a(0), a(1), a(2)
            if not isinstance(args[0], ast.Name) or args[0].id not in self.prog["inputs"] or y.shape != mu.shape:
                return False
            text = f"normal({mu.code}, exp({ls.code}))"
        else:
            return False
        our = self.model.bare(y)
        if our in self.drawn or our in self.model.inputs and self.read_elsewhere(args[1] if f != "nll_gauss" else args[0]):
            return False
        self.drawn.add(our)
        self.model.draws.append(f"{y.code} ~ {text}")
        return True

    def read_elsewhere(self, node):
        """A gradient may be wanted by it: then it stays an input."""
        return isinstance(node, ast.Name) and node.id in self.case.get("wrt", [])


def type_text(shape):
    return " : real" + (f"[{', '.join(map(str, shape))}]" if shape else "")


# ---- whole training steps

def call_text(name, **kw):
    return f"{name}({', '.join(f'{k} = {v}' for k, v in kw.items())})"


HYPER = {"lr": "rate", "learning_rate": "rate", "b1": "beta1", "b2": "beta2", "epsilon": "eps", "weight_decay": "decay", "wd": "decay",
         "mu": "momentum", "rho": "alpha"}
CLIP = {"global_norm": "norm", "norm": "norm", "value": "value", "per_param": "param", "param": "param", "per_parameter": "param",
        "param_norm": "param"}


def optimizer_text(kind, hyper):
    h = dict(hyper)
    if "betas" in h:
        h["beta1"], h["beta2"] = h.pop("betas")
    h = {HYPER.get(k, k): v for k, v in h.items() if v is not None}
    if kind in ("momentum", "nesterov", "sgd_momentum"):
        h.setdefault("momentum", 0.9)
        if kind == "nesterov":
            h["nesterov"] = True
        kind = "sgd"
    return call_text(kind, **{k: str(v).lower() if isinstance(v, bool) else v for k, v in h.items()})


def clip_text(clip):
    if not clip or clip["kind"] in ("none", None):
        return "none"
    if clip["kind"] not in CLIP:
        raise Unsupported("clipping by " + clip["kind"])
    bound = next(v for k, v in clip.items() if k != "kind" and isinstance(v, (int, float)))
    return f"{CLIP[clip['kind']]}({bound})"


def train_block(case, model, B):
    """The settings that make `train` take exactly the steps of the case."""
    spec = case["program"]["train"]
    steps = spec["steps"]
    model.train += [f"optimizer = {optimizer_text(spec['optimiser'], spec['hyper'])}", f"clip = {clip_text(spec.get('clip'))}",
                    f"batch = {B}", f"steps = {steps}", f"epochs = {steps}", "shuffle = false", "seed = 1"]


def translate(case, data):
    """The Model of a case; one with a train block (model.train) is to be run by `train`."""
    spec = case["program"].get("train")
    if not spec:
        return Translator(case, data).run()
    tbptt = spec.get("tbptt")
    data = dict(data)
    windows = {}
    if tbptt:
        for short, whole in tbptt["slice"].items():
            windows[short] = data["in." + whole]
    tr = Translator(case, data)
    model = tr.run()
    train_block(case, model, tr.B)
    if tbptt:
        for short, whole in windows.items():
            our = model.where[short][0]
            model.inputs[our] = np.ascontiguousarray(np.moveaxis(whole, 0, 1))
        for state, final in tbptt["carry"].items():
            if tr.env[final].code != f"{final.split('.')[0]}_{final.split('.')[1][:-6]}[T]":
                raise Unsupported("a carried value that is no state at T")
        model.train += [f"unroll = {tbptt['chunk']}", "carry = true"]
    return model


def write(model, folder):
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "model.rnn"), "w") as f:
        f.write(model.text())
    np.savez(os.path.join(folder, "data.npz"), **model.inputs, **model.lengths)
    weights.save_file({k: np.array(v, dtype=np.float64, order="C") for k, v in model.params.items()},
                      os.path.join(folder, "weights.safetensors"))


def load(folder):
    with open(os.path.join(folder, "case.json")) as f:
        case = json.load(f)
    with np.load(os.path.join(folder, "data.npz"), allow_pickle=False) as z:
        return case, {k: z[k] for k in z.files}


if __name__ == "__main__":
    try:
        made = translate(*load(sys.argv[1]))
    except Unsupported as why:
        sys.exit(f"{sys.argv[1]}: {why}")
    print(made.text(), end="")
    if len(sys.argv) > 2:
        write(made, sys.argv[2])
