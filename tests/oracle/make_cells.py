"""make_cells.py [NAMES ..]: what PyTorch computes for the models of cells/: cells/NAME.npz for each, all or those named.

Needs PyTorch; the tests do not. A function a cell writes the paper's equations down in double precision, a step at a time, for a batch of
rows, with weights in the orientation of rnnc (rows x columns, applied from the left). Other files of cells import `case` and `main`."""
import os
import sys
import zlib
import numpy as np
import torch
from torch import exp, relu, sigmoid, tanh
from torch.nn.functional import softplus

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


if __name__ == "__main__":
    main()
