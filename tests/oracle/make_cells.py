"""make_cells.py [NAMES ..]: what PyTorch computes for the models of cells/: cells/NAME.npz for each, all or those named.

Needs PyTorch; the tests do not. A function a cell writes the paper's equations down in double precision, a step at a time, for a batch of
rows, with weights in the orientation of rnnc (rows x columns, applied from the left). Other files of cells import `case` and `main`."""
import os
import sys
import zlib
import numpy as np
import torch
from torch import relu, sigmoid, sqrt, tanh

HERE = os.path.dirname(os.path.abspath(__file__))
CASES = {}
torch.set_default_dtype(torch.float64)


class Case:
    """What one model is given: random inputs, targets and parameters, the same on each run."""

    def __init__(self, name, steps=7, lengths=(7, 4, 6)):
        self.random = np.random.default_rng(zlib.crc32(name.encode()))
        self.steps, self.rows, self.lengths = steps, len(lengths), torch.tensor(lengths)
        self.data, self.inputs, self.params = {}, {}, {}

    def leaf(self, where, name, shape, around, by):
        a = torch.tensor(around + by * self.random.standard_normal(shape), requires_grad=True)
        where[name] = a
        return a

    def par(self, path, *shape, around=0.0, by=0.6):
        """A parameter: normal around a value, by a deviation."""
        return self.leaf(self.params, path, shape, around, by)

    def pars(self, prefix, names, *shape, **more):
        """Parameters of one shape, by their names' list."""
        return [self.par(f"{prefix}{n}", *shape, **more) for n in names.split()]

    def input(self, name, *shape, by=1.0):
        """An input with a time index, [N, T, ..]; the gradient by it is checked too."""
        return self.leaf(self.inputs, name, (self.rows, self.steps, *shape), 0.0, by)

    def once(self, name, *shape, by=1.0):
        """An input without time index, [N, ..]."""
        return self.leaf(self.inputs, name, (self.rows, *shape), 0.0, by)

    def target(self, name, *shape):
        """A real target, [N, T, ..]."""
        self.data[name] = torch.tensor(self.random.standard_normal((self.rows, self.steps, *shape)))
        return self.data[name]

    def token(self, name, classes):
        """A token input or target, [N, T]; no gradient."""
        self.data[name] = torch.tensor(self.random.integers(0, classes, (self.rows, self.steps)))
        return self.data[name]

    def seen(self, a):
        """What lies within the sequences, of [N, T, ..]: [all steps, ..]."""
        return a[torch.arange(self.steps)[None, :] < self.lengths[:, None]]

    def normal(self, mean, name="y"):
        """The loss of `y[t] ~ normal(mean[t], 1)`."""
        d = self.seen(self.target(name, *mean.shape[2:]) - mean)
        return (d * d / 2 + np.log(2 * np.pi) / 2).mean()

    def scan(self, step, x, *state):
        """state = step(x[t], *state) over the steps; the first of them at each t, [N, T, ..]."""
        out = []
        for t in range(self.steps):
            state = step(x[:, t], *state)
            state = state if isinstance(state, tuple) else (state,)
            out.append(state[0])
        return torch.stack(out, 1)

    def zeros(self, *shape):
        return torch.zeros(self.rows, *shape)


def case(make):
    """A function from a Case to the loss; its name is the model's."""
    CASES[make.__name__] = make
    return make


def mul(w, v):
    """w @ v of each row"""
    return v @ w.T


def write(name):
    c = Case(name)
    loss = CASES[name](c)
    loss.backward()
    arrays = {f"in.{k}": v for k, v in {**c.inputs, **c.data}.items()}
    arrays |= {f"par.{k}": v for k, v in c.params.items()} | {"lengths": c.lengths, "exp.loss": loss}
    arrays |= {f"grad.{k}": v.grad for k, v in c.params.items()} | {f"grad.in.{k}": v.grad for k, v in c.inputs.items()}
    np.savez_compressed(os.path.join(HERE, "cells", f"{name}.npz"), torch=np.array(torch.__version__),
                        **{k: v.detach().numpy() for k, v in arrays.items()})


def main():
    """Writes the cases named, by default all of the file that is run."""
    for name in sys.argv[1:] or [n for n, make in CASES.items() if make.__module__ == "__main__"]:
        write(name)


@case
def dense(c):
    x = c.input("x", 3)
    w, b = c.par("y.dense.W", 4, 3), c.par("y.dense.b", 4)
    return c.normal(mul(w, x) + b)


@case
def embedding(c):
    x, e = c.token("x", 5), c.par("y.embedding.E", 4, 5)
    return c.normal(e.T[x])


@case
def layer_norm(c):
    x = c.input("x", 5)
    gain, bias = c.par("y.layer_norm.gain", 5, around=1), c.par("y.layer_norm.bias", 5)
    return c.normal(torch.nn.functional.layer_norm(x, (5,), gain, bias, 1e-5))


@case
def elman(c):
    x, n = c.input("x", 3), 4
    w, u, b = c.par("h.W", n, 3), c.par("h.U", n, n), c.par("h.b", n)
    return c.normal(c.scan(lambda x, h: tanh(mul(w, x) + mul(u, h) + b), x, c.zeros(n)))


def gru_weights(c, n, inputs):
    return (c.pars("h.", "Wr Wz Wn", n, inputs), c.pars("h.", "Ur Uz Un", n, n), c.pars("h.", "br bz bn", n))


@case
def gru(c):
    x, n = c.input("x", 3), 4
    (wr, wz, wn), (ur, uz, un), (br, bz, bn) = gru_weights(c, n, 3)
    cn = c.par("h.cn", n)

    def step(x, h):
        r, z = sigmoid(mul(wr, x) + mul(ur, h) + br), sigmoid(mul(wz, x) + mul(uz, h) + bz)
        return (1 - z) * tanh(mul(wn, x) + bn + r * (mul(un, h) + cn)) + z * h

    return c.normal(c.scan(step, x, c.zeros(n)))


@case
def gru_v1(c):
    x, n = c.input("x", 3), 4
    (wr, wz, wn), (ur, uz, un), (br, bz, bn) = gru_weights(c, n, 3)

    def step(x, h):
        r, z = sigmoid(mul(wr, x) + mul(ur, h) + br), sigmoid(mul(wz, x) + mul(uz, h) + bz)
        return (1 - z) * tanh(mul(wn, x) + mul(un, r * h) + bn) + z * h

    return c.normal(c.scan(step, x, c.zeros(n)))


@case
def lstm(c):
    x, n = c.input("x", 3), 4
    wi, wf, wo, wg = c.pars("h.", "Wi Wf Wo Wg", n, 3)
    ui, uf, uo, ug = c.pars("h.", "Ui Uf Uo Ug", n, n)
    bi, bf, bo, bg = c.pars("h.", "bi bf bo bg", n)

    def step(x, h, s):
        i = sigmoid(mul(wi, x) + mul(ui, h) + bi)
        f = sigmoid(mul(wf, x) + mul(uf, h) + bf)
        o = sigmoid(mul(wo, x) + mul(uo, h) + bo)
        s = f * s + i * tanh(mul(wg, x) + mul(ug, h) + bg)
        return o * tanh(s), s

    return c.normal(c.scan(step, x, c.zeros(n), c.zeros(n)))


@case
def jordan(c):
    x, n, outputs, decay = c.input("x", 3), 4, 2, 0.4
    w, u, v = c.par("h.W", n, 3), c.par("h.U", n, outputs), c.par("h.V", outputs, n)
    b, d = c.par("h.b", n), c.par("h.c", outputs)

    def step(x, o, s):
        s = decay * s + o
        return sigmoid(mul(v, sigmoid(mul(w, x) + mul(u, s) + b)) + d), s

    return c.normal(c.scan(step, x, c.zeros(outputs), c.zeros(outputs)))


@case
def irnn(c):
    x, n = c.input("x", 3), 4
    w, u, b = c.par("h.W", n, 3), c.par("h.U", n, n), c.par("h.b", n)
    return c.normal(c.scan(lambda x, h: relu(mul(w, x) + mul(u, h) + b), x, c.zeros(n)))


def peephole_gates(c, n, outputs):
    """The weights and a step of the lstm with peepholes, up to o tanh(c)."""
    wi, wf, wo, wg = c.pars("h.", "Wi Wf Wo Wg", n, 3)
    ui, uf, uo, ug = c.pars("h.", "Ui Uf Uo Ug", n, outputs)
    vi, vf, vo = c.pars("h.", "vi vf vo", n)
    bi, bf, bo, bg = c.pars("h.", "bi bf bo bg", n)

    def step(x, h, s):
        i = sigmoid(mul(wi, x) + mul(ui, h) + vi * s + bi)
        f = sigmoid(mul(wf, x) + mul(uf, h) + vf * s + bf)
        s = f * s + i * tanh(mul(wg, x) + mul(ug, h) + bg)
        o = sigmoid(mul(wo, x) + mul(uo, h) + vo * s + bo)
        return o * tanh(s), s

    return step


@case
def lstm_peephole(c):
    x, n = c.input("x", 3), 4
    return c.normal(c.scan(peephole_gates(c, n, n), x, c.zeros(n), c.zeros(n)))


@case
def lstm_projection(c):
    x, n, outputs = c.input("x", 3), 4, 2
    gates, v = peephole_gates(c, n, outputs), c.par("h.V", outputs, n)

    def step(x, h, s):
        m, s = gates(x, h, s)
        return mul(v, m), s

    return c.normal(c.scan(step, x, c.zeros(outputs), c.zeros(n)))


@case
def lstm_coupled(c):
    x, n = c.input("x", 3), 4
    wf, wo, wg = c.pars("h.", "Wf Wo Wg", n, 3)
    uf, uo, ug = c.pars("h.", "Uf Uo Ug", n, n)
    bf, bo, bg = c.pars("h.", "bf bo bg", n)

    def step(x, h, s):
        i = 1 - sigmoid(mul(wf, x) + mul(uf, h) + bf)
        s = (1 - i) * s + i * tanh(mul(wg, x) + mul(ug, h) + bg)
        return sigmoid(mul(wo, x) + mul(uo, h) + bo) * tanh(s), s

    return c.normal(c.scan(step, x, c.zeros(n), c.zeros(n)))


def normed(c, path, n):
    """Layer normalisation with gain and bias of its own."""
    gain, bias = c.par(f"{path}.gain", n, around=1, by=0.3), c.par(f"{path}.bias", n, by=0.3)
    return lambda a: gain * (a - a.mean(-1, True)) / sqrt(a.var(-1, correction=0, keepdim=True) + 1e-5) + bias


@case
def lstm_layer_norm(c):
    x, n = c.input("x", 3), 4
    w, u, b = c.par("h.W", 4 * n, 3), c.par("h.U", 4 * n, n), c.par("h.b", 4 * n)
    before, below, inside = normed(c, "h.before", 4 * n), normed(c, "h.below", 4 * n), normed(c, "h.inside", n)

    def step(x, h, s):
        f, i, o, g = (before(mul(u, h)) + below(mul(w, x)) + b).chunk(4, -1)
        s = sigmoid(f) * s + sigmoid(i) * tanh(g)
        return sigmoid(o) * tanh(inside(s)), s

    return c.normal(c.scan(step, x, c.zeros(n), c.zeros(n)))


@case
def gru_layer_norm(c):
    x, n = c.input("x", 3), 4
    w, wn, u, un = c.par("h.W", 2 * n, 3), c.par("h.Wn", n, 3), c.par("h.U", 2 * n, n), c.par("h.Un", n, n)
    before, below = normed(c, "h.before", 2 * n), normed(c, "h.below", 2 * n)
    n_before, n_below = normed(c, "h.n_before", n), normed(c, "h.n_below", n)

    def step(x, h):
        z, r = (before(mul(u, h)) + below(mul(w, x))).chunk(2, -1)
        new = tanh(n_below(mul(wn, x)) + sigmoid(r) * n_before(mul(un, h)))
        return (1 - sigmoid(z)) * h + sigmoid(z) * new

    return c.normal(c.scan(step, x, c.zeros(n)))


@case
def mgu(c):
    x, n = c.input("x", 3), 4
    (wf, wg), (uf, ug), (bf, bg) = c.pars("h.", "Wf Wg", n, 3), c.pars("h.", "Uf Ug", n, n), c.pars("h.", "bf bg", n)

    def step(x, h):
        f = sigmoid(mul(wf, x) + mul(uf, h) + bf)
        return (1 - f) * h + f * tanh(mul(wg, x) + mul(ug, f * h) + bg)

    return c.normal(c.scan(step, x, c.zeros(n)))


@case
def ugrnn(c):
    x, n = c.input("x", 3), 4
    (wg, wc), (ug, uc), (bg, bc) = c.pars("h.", "Wg Wc", n, 3), c.pars("h.", "Ug Uc", n, n), c.pars("h.", "bg bc", n)

    def step(x, h):
        g = sigmoid(mul(wg, x) + mul(ug, h) + bg)
        return g * h + (1 - g) * tanh(mul(wc, x) + mul(uc, h) + bc)

    return c.normal(c.scan(step, x, c.zeros(n)))


@case
def indrnn(c):
    x, n = c.input("x", 3), 4
    w, u, b = c.par("h.W", n, 3), c.par("h.u", n, around=0.5, by=0.3), c.par("h.b", n)
    return c.normal(c.scan(lambda x, h: relu(mul(w, x) + u * h + b), x, c.zeros(n)))


@case
def sru(c):
    n = 4
    h = c.input("x", n)
    for layer in ("h.0.", "h.1."):
        w, wf, wr = c.pars(layer, "W Wf Wr", n, n)
        vf, vr, bf, br = c.pars(layer, "vf vr bf br", n)

        def step(x, h, s):
            f, r = sigmoid(mul(wf, x) + vf * s + bf), sigmoid(mul(wr, x) + vr * s + br)
            s = f * s + (1 - f) * mul(w, x)
            return r * s + (1 - r) * x * 3 ** 0.5, s

        h = c.scan(step, h, c.zeros(n), c.zeros(n))
    return c.normal(h)


@case
def qrnn(c):
    x, n = c.input("x", 3), 4
    (wz, wf, wo), (vz, vf, vo) = c.pars("h.", "Wz Wf Wo", n, 3), c.pars("h.", "Vz Vf Vo", n, 3)
    bz, bf, bo = c.pars("h.", "bz bf bo", n)

    def conv(w, v, b):  # the convolution over time that the paper writes W * X
        return torch.nn.functional.conv1d(torch.nn.functional.pad(x.mT, (1, 0)), torch.stack((v, w), -1), b).mT

    gates = torch.cat((tanh(conv(wz, vz, bz)), sigmoid(conv(wf, vf, bf)), sigmoid(conv(wo, vo, bo))), -1)

    def step(a, h, s):
        z, f, o = a.chunk(3, -1)
        s = f * s + (1 - f) * z
        return o * s, s

    return c.normal(c.scan(step, gates, c.zeros(n), c.zeros(n)))


@case
def mingru(c):
    x, n = c.input("x", 3), 4
    (wz, wg), (bz, bg) = c.pars("h.", "Wz Wg", n, 3), c.pars("h.", "bz bg", n)

    def step(x, h):
        z = sigmoid(mul(wz, x) + bz)
        return (1 - z) * h + z * (mul(wg, x) + bg)

    return c.normal(c.scan(step, x, c.zeros(n)))


@case
def minlstm(c):
    x, n = c.input("x", 3), 4
    (wf, wi, wg), (bf, bi, bg) = c.pars("h.", "Wf Wi Wg", n, 3), c.pars("h.", "bf bi bg", n)

    def step(x, h):
        f, i = sigmoid(mul(wf, x) + bf), sigmoid(mul(wi, x) + bi)
        return f / (f + i) * h + i / (f + i) * (mul(wg, x) + bg)

    return c.normal(c.scan(step, x, c.zeros(n)))


@case
def rg_lru(c):
    n = 4
    x = c.input("x", n)
    (wr, wi), (br, bi) = c.pars("h.", "Wr Wi", n, n), c.pars("h.", "br bi", n)
    decay = c.par("h.decay", n, around=2)

    def step(x, h):
        a = sigmoid(decay) ** (8 * sigmoid(mul(wr, x) + br))
        return a * h + sqrt(1 - a ** 2) * (sigmoid(mul(wi, x) + bi) * x)

    return c.normal(c.scan(step, x, c.zeros(n)))


@case
def fastgrnn(c):
    x, n = c.input("x", 3), 4
    w, u, (bz, bg) = c.par("h.W", n, 3), c.par("h.U", n, n), c.pars("h.", "bz bg", n)
    zeta, nu = c.par("h.zeta"), c.par("h.nu")

    def step(x, h):
        z = sigmoid(mul(w, x) + mul(u, h) + bz)
        return (sigmoid(zeta) * (1 - z) + sigmoid(nu)) * tanh(mul(w, x) + mul(u, h) + bg) + z * h

    return c.normal(c.scan(step, x, c.zeros(n)))


def highway_layers(c, n, *paths):
    """A function that runs layers one on the other."""
    layers = [(*c.pars(path, "W Wg", n, n), *c.pars(path, "b bg", n)) for path in paths]

    def run(a):
        for w, wg, b, bg in layers:
            g = sigmoid(mul(wg, a) + bg)
            a = tanh(mul(w, a) + b) * g + a * (1 - g)
        return a

    return run


@case
def highway(c):
    return c.normal(highway_layers(c, 4, "h.0.", "h.1.")(c.input("x", 4)))


@case
def recurrent_highway(c):
    x, n = c.input("x", 3), 4
    (w, wg), (u, ug), (b, bg) = c.pars("h.", "W Wg", n, 3), c.pars("h.", "U Ug", n, n), c.pars("h.", "b bg", n)
    further = highway_layers(c, n, "h.h.0.", "h.h.1.")

    def step(x, h):
        g = sigmoid(mul(wg, x) + mul(ug, h) + bg)
        return further(tanh(mul(w, x) + mul(u, h) + b) * g + h * (1 - g))

    return c.normal(c.scan(step, x, c.zeros(n)))


@case
def residual(c):
    n = 4
    h = c.input("x", n)
    for layer in ("h.0.elman.", "h.1.elman."):
        w, u, b = c.par(f"{layer}W", n, n), c.par(f"{layer}U", n, n), c.par(f"{layer}b", n)
        h = h + c.scan(lambda x, h: tanh(mul(w, x) + mul(u, h) + b), h, c.zeros(n))
    return c.normal(h)


@case
def rms_norm(c):
    return c.normal(torch.nn.functional.rms_norm(c.input("x", 5), (5,), c.par("h.gain", 5, around=1), 1e-5))


@case
def weight_norm(c):
    x, v, gain, b = c.input("x", 3), c.par("h.V", 4, 3), c.par("h.gain", 4, around=1), c.par("h.b", 4)
    return c.normal(mul(gain[:, None] * v / v.norm(dim=1, keepdim=True), x) + b)


@case
def linear(c):
    return c.normal(mul(c.par("h.W", 4, 3), c.input("x", 3)))


@case
def glu(c):
    x, (w, wg), (b, bg) = c.input("x", 3), c.pars("h.", "W Wg", 4, 3), c.pars("h.", "b bg", 4)
    return c.normal(torch.nn.functional.glu(torch.cat((mul(w, x) + b, mul(wg, x) + bg), -1)))


@case
def bilinear(c):
    x, z, w, b = c.input("x", 3), c.input("z", 2), c.par("h.W", 4, 6), c.par("h.bias", 4)
    return c.normal(torch.nn.functional.bilinear(x, z, w.reshape(4, 3, 2), b))


@case
def group_norm(c):
    x, gain, bias = c.input("x", 6), c.par("h.gain", 6, around=1), c.par("h.bias", 6)
    return c.normal(torch.nn.functional.group_norm(x.flatten(0, 1), 2, gain, bias, 1e-5).reshape(x.shape))


class Turned(torch.autograd.Function):
    """What passes through comes back with the other sign, `weight` times."""

    @staticmethod
    def forward(ctx, a, weight):
        ctx.weight = weight
        return a.clone()

    @staticmethod
    def backward(ctx, g):
        return -ctx.weight * g, None


def elman_run(c, path, x, n):
    w, u, b = c.par(f"{path}.W", n, x.shape[-1]), c.par(f"{path}.U", n, n), c.par(f"{path}.b", n)
    return c.scan(lambda x, h: tanh(mul(w, x) + mul(u, h) + b), x, c.zeros(n))


def judge(c, path, inputs, n):
    """A function from [N, T, inputs] to a logit a sequence: a GRU each way, read at its end."""
    halves = []
    for way in "fg":
        halves.append((c.pars(f"{path}{way}.", "Wr Wz Wn", n, inputs), c.pars(f"{path}{way}.", "Ur Uz Un", n, n),
                       c.pars(f"{path}{way}.", "br bz bn cn", n)))
    w, b = c.par(f"{path}dense.W", 1, 2 * n), c.par(f"{path}dense.b", 1)

    def last(a, weights):
        (wr, wz, wn), (ur, uz, un), (br, bz, bn, cn) = weights
        h = torch.zeros(n)
        for x in a:
            r, z = sigmoid(mul(wr, x) + mul(ur, h) + br), sigmoid(mul(wz, x) + mul(uz, h) + bz)
            h = (1 - z) * tanh(mul(wn, x) + bn + r * (mul(un, h) + cn)) + z * h
        return h

    def run(a):
        ends = [torch.cat((last(r[:n_], halves[0]), last(r[:n_].flip(0), halves[1]))) for r, n_ in zip(a, c.lengths)]
        return mul(w, torch.stack(ends))[:, 0] + b

    return run


@case
def professor_forcing(c):
    x, z = c.input("x", 3), c.input("z", 2)
    a, b = elman_run(c, "a", x, 4), elman_run(c, "b", z, 4)
    of = judge(c, "j.judge.", 4, 3)
    told, guessed = of(a.detach()), of(Turned.apply(b, 0.7))
    squares = torch.stack([(r[:n] ** 2).sum(-1).mean() for r, n in zip(a, c.lengths)])
    return (-torch.log(sigmoid(told)) - torch.log(1 - sigmoid(guessed)) + squares).mean()


if __name__ == "__main__":
    main()
