"""make_cells_norm.py [NAMES ..]: what PyTorch computes for the models of cells/ that normalise over the batch, as training does: cells/NAME.npz.

As make_cells.py, whose form it has. Lengths differ: the statistics at t are of the sequences that reach t."""
import numpy as np
import torch
from make_cells import case, main, mul, sigmoid, tanh
from torch.nn.functional import batch_norm as torch_batch_norm


def normal(rows, gain, bias=None, eps=1e-5):
    """[rows, n] over the rows; PyTorch's own refuses a single one"""
    if len(rows) > 1:
        return torch_batch_norm(rows, None, None, gain, bias, True, 0.0, eps)
    return (rows - rows) * gain + (0 if bias is None else bias)


def at_each(c, x, gain, bias=None):
    """[N, T, n]: of each t by itself, zero where no sequence is"""
    out = [torch.zeros_like(x[:, t]).index_put((c.lengths > t,), normal(x[c.lengths > t, t], gain, bias)) for t in range(x.shape[1])]
    return torch.stack(out, 1)


@case
def batch_norm(c):
    x, s = c.input("x", 4), c.once("s", 3)
    gain, bias = c.par("y.batch_norm.gain", 4, around=1), c.par("y.batch_norm.bias", 4)
    gain2, bias2 = c.par("z.batch_norm.gain", 3, around=1), c.par("z.batch_norm.bias", 3)
    c.data["z"] = torch.tensor(c.random.standard_normal((c.rows, 3)))
    d = c.data["z"] - normal(s, gain2, bias2, 1e-3)
    return c.normal(at_each(c, x, gain, bias)) + (d * d / 2 + np.log(2 * np.pi) / 2).mean()


@case
def batch_norm_frames(c):
    x, n = c.input("x", 3), 4
    w, u = c.par("e.linear.W", n, 3), c.par("U", n, n)
    gain, bias = c.par("e.gain", n, around=1), c.par("e.bias", n)
    below = mul(w, x)
    rows = torch_batch_norm(c.seen(below), None, None, gain, bias, True, 0.0, 1e-5)
    e = torch.zeros_like(below).index_put((torch.arange(c.steps)[None, :] < c.lengths[:, None],), rows)
    return c.normal(c.scan(lambda e, h: tanh(e + mul(u, h)), e, c.zeros(n)))


@case
def lstm_batch_norm(c):
    x, n, h0 = c.input("x", 3), 4, c.once("h0", 4)
    w, u, b = c.par("h.W", 4 * n, 3), c.par("h.U", 4 * n, n), c.par("h.b", 4 * n)
    before, below = c.par("h.before.gain", 4 * n, around=1), c.par("h.below.gain", 4 * n, around=1)
    gain, bias = c.par("h.inside.gain", n, around=1), c.par("h.inside.bias", n)
    h, cell, out = h0, c.zeros(n), []
    for t in range(c.steps):
        live = c.lengths > t
        f, i, o, g = (normal(mul(u, h[live]), before) + normal(mul(w, x[live, t]), below) + b).split(n, 1)
        cell = cell.index_put((live,), sigmoid(f) * cell[live] + sigmoid(i) * tanh(g))
        h = h.index_put((live,), sigmoid(o) * tanh(normal(cell[live], gain, bias)))
        out.append(h)
    return c.normal(torch.stack(out, 1))


if __name__ == "__main__":
    main()
