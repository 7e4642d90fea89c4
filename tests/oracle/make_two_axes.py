"""make_two_axes.py: writes two_axes/NAME.npz for two_axes.py: data, parameters, loss and gradients by PyTorch in double, sequence by
sequence, each with its own lengths. Needs PyTorch; only needed to make them anew."""
import math
import os
import sys
import numpy as np
import torch
import torch.nn.functional as F

HERE = os.path.dirname(os.path.abspath(__file__))
N, T, S = 3, 6, 4
LENGTHS, LENGTHS_2 = [6, 3, 5], [2, 3, 4]


def gru(p, name, x, h):
    W = lambda k: p[f"{name}.{k}"]
    r = torch.sigmoid(W("Wr") @ x + W("Ur") @ h + W("br"))
    z = torch.sigmoid(W("Wz") @ x + W("Uz") @ h + W("bz"))
    n = torch.tanh(W("Wn") @ x + W("bn") + r * (W("Un") @ h + W("cn")))
    return (1 - z) * n + z * h


def additive(p, name, keys, query):
    scores = torch.stack([p[name + ".v"] @ torch.tanh(p[name + ".Wq"] @ query + p[name + ".Wk"] @ k) for k in keys])
    return F.softmax(scores, 0) @ torch.stack(keys)


def encoder_decoder(p, d, n):
    """(sum of the negative log-likelihoods, their number, explicit loss)"""
    g = [torch.zeros(4).double()]
    for s in range(LENGTHS_2[n]):
        g.append(gru(p, "g", p["g.embedding.E"][:, d["x"][n, s]], g[-1]))
    h, nll = g[-1], 0
    for t in range(LENGTHS[n]):
        last = p["d.embedding.E"][:, d["y"][n, t - 1]] if t else torch.zeros(3).double()
        h = gru(p, "d", torch.cat([last, additive(p, "context", g[1:], h)]), h)
        nll = nll + F.cross_entropy((p["y.dense.W"] @ h + p["y.dense.b"]).unsqueeze(0), d["y"][n, t].unsqueeze(0))
    return nll, LENGTHS[n], 0


def normal(y, mean):
    return (0.5 * (y - mean) ** 2 + 0.5 * math.log(2 * math.pi)).sum()


def multihead(p, d, n):
    x, nll = d["x"][n, :LENGTHS_2[n]], 0
    split = lambda a: a.reshape(len(a), 3, 2).transpose(0, 1)
    k, v = split(x @ p["m.Wk"].T), split(x @ p["m.Wv"].T)
    for t in range(LENGTHS[n]):
        z = d["z"][n, t]
        q = split((p["m.Wq"] @ z).unsqueeze(0))
        m = p["m.Wo"] @ F.scaled_dot_product_attention(q, k, v).reshape(6)
        keys = x @ p["K"].T
        c = F.softmax(keys @ z / 2, 0) @ x
        nll = nll + normal(d["y"][n, t], m + p["W"] @ c)
    return nll, LENGTHS[n] * 6, 0


def ctc(p, d, n):
    o = d["x"][n, :LENGTHS[n]] @ p["loss.dense.W"].T + p["loss.dense.b"]
    length = LENGTHS_2[n]
    return 0, 0, F.ctc_loss(F.log_softmax(o, 1).unsqueeze(1), d["y"][n:n + 1, :length], [LENGTHS[n]], [length], reduction="sum")


def grid(p, d, n):
    h, line = {}, torch.zeros(3).double()
    rows, columns = LENGTHS[n], LENGTHS_2[n]
    for t in range(rows):
        for s in range(columns):
            over = h[t - 1, s] if t else d["x"][n, s]
            left = h[t, s - 1] if s else d["z"][n, t]
            h[t, s] = torch.tanh(p["W"] @ over + p["V"] @ left + p["U"] @ d["x"][n, s] + d["z"][n, t])
    for s in range(columns):
        line = torch.tanh(p["l.W"] @ h[rows - 1, s] + p["l.U"] @ line + p["l.b"])
    last = torch.stack([h[t, columns - 1] for t in range(rows)]).mean(0)
    return normal(d["y"][n], line + last), 3, 0


def coverage(p, d, n):
    x = d["x"][n, :LENGTHS_2[n]]
    covered, h, nll, more = torch.zeros(len(x)).double(), torch.zeros(4).double(), 0, 0
    for t in range(LENGTHS[n]):
        a = F.softmax(torch.stack([p["v"] @ torch.tanh(p["W"] @ h + p["U"] @ k + p["w"] * c) for k, c in zip(x, covered)]), 0)
        more = more + torch.where(a < covered, a, covered).sum()
        covered = covered + a
        h = torch.tanh(p["h.W"] @ (a @ x) + p["h.U"] @ h + p["h.b"])
        nll = nll + normal(d["y"][n, t], p["y.dense.W"] @ h + p["y.dense.b"])
    return nll, LENGTHS[n] * 3, more


GRU = lambda name, i, n: {f"{name}.{k}": s for k, s in [("Wr", (n, i)), ("Wz", (n, i)), ("Wn", (n, i)), ("Ur", (n, n)), ("Uz", (n, n)),
                                                       ("Un", (n, n)), ("br", (n,)), ("bz", (n,)), ("bn", (n,)), ("cn", (n,))]}
# name: what computes it, inputs as (axes, size, classes or None), shapes of the parameters
CASES = {
    "encoder_decoder": (encoder_decoder, {"x": ("s", (), 5), "y": ("t", (), 6)},
                        {**GRU("g", 3, 4), "g.embedding.E": (3, 5), **GRU("d", 7, 4), "d.embedding.E": (3, 6), "context.Wk": (5, 4),
                         "context.Wq": (5, 4), "context.v": (5,), "y.dense.W": (6, 4), "y.dense.b": (6,)}),
    "multihead": (multihead, {"x": ("s", (3,), None), "z": ("t", (4,), None), "y": ("t", (6,), None)},
                  {"m.Wk": (6, 3), "m.Wv": (6, 3), "m.Wq": (6, 4), "m.Wo": (6, 6), "K": (4, 3), "W": (6, 3)}),
    "ctc": (ctc, {"x": ("t", (3,), None), "y": ("s", (), 4)}, {"loss.dense.W": (4, 3), "loss.dense.b": (4,)}),
    "grid": (grid, {"x": ("s", (3,), None), "z": ("t", (3,), None), "y": ("", (3,), None)},
             {"W": (3, 3), "V": (3, 3), "U": (3, 3), "l.W": (3, 3), "l.U": (3, 3), "l.b": (3,)}),
    "coverage": (coverage, {"x": ("s", (3,), None), "y": ("t", (3,), None)},
                 {"v": (5,), "w": (5,), "W": (5, 4), "U": (5, 3), "h.W": (4, 3), "h.U": (4, 4), "h.b": (4,), "y.dense.W": (3, 4), "y.dense.b": (3,)}),
}


def make(i, name):
    compute, inputs, shapes = CASES[name]
    rng = np.random.default_rng(700 + i)
    data = {}
    for k, (axes, size, classes) in inputs.items():
        lead = [N] + [{"t": T, "s": S}[a] for a in axes]
        low = 1 if name == "ctc" else 0  # class 0 is the blank
        data[k] = rng.integers(low, classes, lead) if classes else rng.normal(0, 1, lead + list(size))
    if name == "ctc":
        data["y"] = np.array([[1, 3, 1, 1], [2, 1, 3, 1], [3, 3, 1, 2]])  # one twice in a row; they fit exactly into 3 and 5 steps
    params = {k: rng.normal(0, 0.7, s) for k, s in shapes.items()}
    d = {k: torch.tensor(v) for k, v in data.items()}
    p = {k: torch.tensor(v, requires_grad=True) for k, v in params.items()}
    for k, v in d.items():
        v.requires_grad_(v.dtype == torch.float64)
    sums = [compute(p, d, n) for n in range(N)]
    loss = sum(s[2] for s in sums) / N + sum(s[0] for s in sums) / max(sum(s[1] for s in sums), 1)
    loss.backward()
    grads = {k: v.grad.numpy() for k, v in {**p, **d}.items() if v.grad is not None and (k in p or k != "y")}
    out = {"exp.loss": loss.detach().numpy(), **{"in." + k: v for k, v in data.items()}, **{"par." + k: v for k, v in params.items()},
           **{"grad." + k: v for k, v in grads.items()}, "lengths": np.array(LENGTHS), "lengths_2": np.array(LENGTHS_2)}
    np.savez_compressed(os.path.join(HERE, "two_axes", name + ".npz"), **out)
    print(name, float(loss.detach()))


for i, name in enumerate(CASES):
    if len(sys.argv) < 2 or name in sys.argv[1:]:
        make(i, name)
