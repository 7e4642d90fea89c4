"""make_cells_state.py [NAMES ..]: what PyTorch computes for the models of cells/ with states of other kinds, clocks and noise: cells/NAME.npz.

As make_cells.py, whose form it has. A noise cell's masks are inputs of its model here: noise.py compares that model's text with lang/."""
import numpy as np
import torch
from make_cells import case, main, mul, sigmoid, tanh
from torch import exp
from torch.nn.functional import elu, silu, softplus


def outer(a, b):
    """a b' of each row"""
    return a[:, :, None] * b[:, None, :]


def dot(a, b):
    """a number a row"""
    return (a * b).sum(-1, keepdim=True)


def of(matrix, v):
    """matrix @ v, a matrix a row"""
    return (matrix @ v[:, :, None])[:, :, 0]


def gates(c, names, n, inputs):
    """W @ x + U @ h + b for each name, as functions of x and h"""
    parts = [(c.par(f"h.W{g}", n, inputs), c.par(f"h.U{g}", n, n), c.par(f"h.b{g}", n)) for g in names.split()]
    return [lambda x, h, w=w, u=u, b=b: mul(w, x) + mul(u, h) + b for w, u, b in parts]


def slstm_of(c, large=1):
    """The equations of section 2.2 without the stabiliser: exponentials as they stand."""
    x, n = c.input("x", 3), 4
    z, o, f = gates(c, "z o f", n, 3)
    wi, ui = c.par("h.Wi", n, 3, by=0.6 * large), c.par("h.Ui", n, n)

    def step(x, h, cell, norm):
        i, gate_f = exp(mul(wi, x) + mul(ui, h)), sigmoid(f(x, h))
        cell, norm = gate_f * cell + i * tanh(z(x, h)), gate_f * norm + i
        return sigmoid(o(x, h)) * cell / norm, cell, norm
    return c.normal(c.scan(step, x, *[c.zeros(n)] * 3))


@case
def slstm(c):
    return slstm_of(c)


@case
def slstm_large(c):
    """Exponents at which single precision overflows without the stabiliser; so below."""
    return slstm_of(c, large=150)


@case
def mlstm(c):
    """The equations of section 2.3 without the stabiliser."""
    x, n, keys = c.input("x", 3), 4, 3
    wq, bq, wk, bk = c.par("h.Wq", keys, 3), c.par("h.bq", keys), c.par("h.Wk", keys, 3), c.par("h.bk", keys)
    wv, bv, wo, bo = c.par("h.Wv", n, 3), c.par("h.bv", n), c.par("h.Wo", n, 3), c.par("h.bo", n)
    wi, bi, wf, bf = c.par("h.wi", 3, by=2), c.par("h.bi"), c.par("h.wf", 3), c.par("h.bf", around=1)

    def step(x, h, cell, norm):
        q, k, v = mul(wq, x) + bq, (mul(wk, x) + bk) / np.sqrt(keys), mul(wv, x) + bv
        i, f = exp(dot(wi, x) + bi), sigmoid(dot(wf, x) + bf)
        cell, norm = f[:, :, None] * cell + i[:, :, None] * outer(v, k), f * norm + i * k
        return sigmoid(mul(wo, x) + bo) * of(cell, q) / dot(norm, q).abs().clamp(min=1), cell, norm
    return c.normal(c.scan(step, x, c.zeros(n), c.zeros(n, keys), c.zeros(keys)))


@case
def linear_attention(c):
    """Equation 9: sums over all earlier places, not the recurrence."""
    x, n, keys = c.input("x", 3), 4, 3
    wq, wk, wv = c.par("h.Wq", keys, 3), c.par("h.Wk", keys, 3), c.par("h.Wv", n, 3)
    weight = torch.tril((elu(mul(wq, x)) + 1) @ (elu(mul(wk, x)) + 1).transpose(1, 2))
    return c.normal(weight @ mul(wv, x) / (weight.sum(-1, keepdim=True) + 1e-6))


def unit(a):
    return a / (dot(a, a) + 1e-6).sqrt()


@case
def delta_rule(c):
    """S[t] = S[t-1] (I - beta k k') + beta v k'"""
    x, n, keys = c.input("x", 3), 4, 3
    wq, wk, wv, w, b = c.par("h.Wq", keys, 3), c.par("h.Wk", keys, 3), c.par("h.Wv", n, 3), c.par("h.w", 3), c.par("h.b")

    def step(x, y, s):
        k, beta = unit(silu(mul(wk, x))), sigmoid(dot(w, x) + b)[:, :, None]
        s = s @ (torch.eye(keys) - beta * outer(k, k)) + beta * outer(mul(wv, x), k)
        return of(s, unit(silu(mul(wq, x)))), s
    return c.normal(c.scan(step, x, c.zeros(n), c.zeros(n, keys)))


@case
def gated_delta_rule(c):
    """S[t] = S[t-1] alpha (I - beta k k') + beta v k'"""
    x, n, keys = c.input("x", 3), 4, 3
    wq, wk, wv, w, b = c.par("h.Wq", keys, 3), c.par("h.Wk", keys, 3), c.par("h.Wv", n, 3), c.par("h.w", 3), c.par("h.b")
    wa, g, ba = c.par("h.wa", 3), c.par("h.g"), c.par("h.ba")

    def step(x, y, s):
        k, beta = unit(silu(mul(wk, x))), sigmoid(dot(w, x) + b)[:, :, None]
        alpha = exp(-exp(g) * softplus(dot(wa, x) + ba))[:, :, None]
        s = s @ (alpha * (torch.eye(keys) - beta * outer(k, k))) + beta * outer(mul(wv, x), k)
        return of(s, unit(silu(mul(wq, x)))), s
    return c.normal(c.scan(step, x, c.zeros(n), c.zeros(n, keys)))


@case
def clockwork(c):
    """Module by module, as a list: each reads itself and the slower ones."""
    x, n, periods = c.input("x", 3), 6, [1, 2, 4]
    w, u, b = c.par("h.W", n, 3), c.par("h.U", n, n), c.par("h.b", n)
    h, out = [c.zeros(2)] * 3, []
    for t in range(1, c.steps + 1):
        new = list(h)
        for m, period in enumerate(periods):
            rows = slice(2 * m, 2 * m + 2)
            if t % period == 0:
                new[m] = tanh(mul(w[rows], x[:, t - 1]) + mul(u[rows, 2 * m:], torch.cat(h[m:], 1)) + b[rows])
        h = new
        out.append(torch.cat(h, 1))
    return c.normal(torch.stack(out, 1))


def with_delays(c, x, w, b, delays, n):
    h = [c.zeros(n)] * max(d for d, _ in delays)
    for t in range(c.steps):
        h.append(tanh(mul(w, x[:, t]) + sum(mul(u, h[-d]) for d, u in delays) + b))
    return torch.stack(h[-c.steps:], 1)


@case
def dilated(c):
    x, n = c.input("x", 3), 4
    return c.normal(with_delays(c, x, c.par("h.W", n, 3), c.par("h.b", n), [(3, c.par("h.U", n, n))], n))


@case
def delays(c):
    x, n = c.input("x", 3), 4
    read = [(d, c.par(f"h.U{k}", n, n)) for k, d in ((1, 1), (2, 3), (3, 5))]
    return c.normal(with_delays(c, x, c.par("h.W", n, 3), c.par("h.b", n), read, n))


@case
def lmu(c):
    """The paper's A and B, discretised by the exponential of both together: exp([[A, B], [0, 0]])."""
    x, n, d, window = c.input("x", 3), 4, 5, 6
    a = torch.tensor([[(2 * i + 1) * (-1 if i < j else (-1) ** (i - j + 1)) for j in range(d)] for i in range(d)]) / window
    b = torch.tensor([(2 * i + 1) * (-1) ** i for i in range(d)]) / window
    both = torch.zeros(d + 1, d + 1)
    both[:d, :d], both[:d, d] = a, b
    hold = torch.linalg.matrix_exp(both)
    ex, eh, em = c.par("h.ex", 3), c.par("h.eh", n), c.par("h.em", d)
    w, u, v, bias = c.par("h.W", n, 3), c.par("h.U", n, n), c.par("h.V", n, d), c.par("h.b", n)

    def step(x, h, m):
        m = mul(hold[:d, :d], m) + (dot(ex, x) + dot(eh, h) + dot(em, m)) * hold[:d, d]
        return tanh(mul(w, x) + mul(u, h) + mul(v, m) + bias), m
    return c.normal(c.scan(step, x, c.zeros(n), c.zeros(d)))


@case
def antisymmetric(c):
    x, n = c.input("x", 3), 4
    w, v, b = c.par("h.W", n, n), c.par("h.V", n, 3), c.par("h.b", n)
    skew = w - w.T - 0.2 * torch.eye(n)
    return c.normal(c.scan(lambda x, h: h + 0.3 * tanh(mul(skew, h) + mul(v, x) + b), x, c.zeros(n)))


@case
def exprnn(c):
    x, n = c.input("x", 3), 4
    p, v, b = c.par("h.P", n, n), c.par("h.V", n, 3), c.par("h.b", n, by=0.2)
    turn = torch.linalg.matrix_exp(p - p.T) @ torch.diag(torch.tensor([-1.0, -1.0, 1.0, 1.0]))

    def step(x, h):
        a = mul(turn, h) + mul(v, x)
        return torch.sign(a) * torch.relu(a.abs() + b)
    return c.normal(c.scan(step, x, c.zeros(n)))


@case
def s4d(c):
    """In complex numbers, as the convolution with the kernel 2 Re(C (exp(d A) - 1) / A exp(d A)^k)."""
    x, h, n = c.input("x", 3), 3, 5
    decay, shift, cr, ci = c.pars("h.", "log_decay shift Cr Ci", h, n)
    log_step, skip = c.par("h.log_step", h, around=-2), c.par("h.D", h, around=1)
    a = torch.complex(-exp(decay), np.pi * torch.arange(n) + shift)
    whole = exp(exp(log_step)[:, None] * a)
    kernel = [2 * (torch.complex(cr, ci) * (whole - 1) / a * whole ** k).sum(1).real for k in range(c.steps)]
    return c.normal(torch.stack([sum(kernel[t - s] * x[:, s] for s in range(t + 1)) for t in range(c.steps)], 1) + skip * x)


def rwkv_of(c, large=1):
    """The weighted mean as the paper writes it, without the running maximum."""
    x, d, n = c.input("x", 3), 3, 4
    mr, mk, mv = c.pars("h.", "mr mk mv", d, around=0.5, by=0.3)
    wr, wk, wv = c.par("h.Wr", n, d), c.par("h.Wk", n, d, by=large), c.par("h.Wv", n, d)
    wo, decay, bonus = c.par("h.Wo", d, n), c.par("h.decay", n), c.par("h.bonus", n)
    before = torch.cat([c.zeros(1, d), x[:, :-1]], 1)
    r, k, v = [mul(w, m * x + (1 - m) * before) for w, m in ((wr, mr), (wk, mk), (wv, mv))]
    out = []
    for t in range(c.steps):
        e = [exp(k[:, s] - (t - 1 - s) * exp(decay)) for s in range(t)] + [exp(bonus + k[:, t])]
        out.append(sum(a * v[:, s] for s, a in enumerate(e)) / sum(e))
    return c.normal(mul(wo, sigmoid(r) * torch.stack(out, 1)))


@case
def rwkv(c):
    return rwkv_of(c)


@case
def rwkv_large(c):
    return rwkv_of(c, large=80)


@case
def phased_lstm(c):
    x, n, leak = c.input("x", 3), 4, 0.1
    c.data["s"] = torch.tensor(np.sort(c.random.uniform(0, 9, (c.rows, c.steps)), 1))  # a gradient by the time is left out
    i, f, o, g = gates(c, "i f o g", n, 3)
    vi, vf, vo = c.pars("h.", "vi vf vo", n)
    log_period, phase, opened = c.par("h.log_period", n, around=1, by=0.3), c.par("h.phase", n, around=0.5, by=0.2), c.par("h.open", n, around=0.6, by=0.1)
    tau = exp(log_period)
    shift = phase * tau

    def step(x_and_time, h, cell):
        x, time = x_and_time[:, :3], x_and_time[:, 3:]
        phi = torch.remainder(time - shift, tau) / tau
        k = torch.where(phi < opened / 2, 2 * phi / opened, torch.where(phi < opened, 2 - 2 * phi / opened, leak * phi))
        new = sigmoid(f(x, h) + vf * cell) * cell + sigmoid(i(x, h) + vi * cell) * tanh(g(x, h))
        after = k * new + (1 - k) * cell
        return k * sigmoid(o(x, h) + vo * after) * tanh(new) + (1 - k) * h, after
    return c.normal(c.scan(step, torch.cat([x, c.data["s"][:, :, None]], 2), c.zeros(n), c.zeros(n)))


# ---- noise: the masks are given ----


def mask(c, name, p, *shape, timed=False):
    """0 or 1, 1 with the probability p; without time index one a sequence"""
    c.data[name] = torch.tensor((c.random.random((c.rows, *[c.steps] * timed, *shape)) < p).astype(float))
    return c.data[name]


def shared(c, name, draw):
    """the same for all sequences of the batch"""
    c.data[name] = torch.tensor(draw).expand(c.rows, *draw.shape)
    return c.data[name][0]


def lstm(c, x, before=lambda x, h: (x, h), added=lambda a, t: a, after=lambda t, h, c, new_h, new_c: (new_h, new_c), change=lambda name, w: w):
    """PyTorch's equations, with a change at one place: to what is read, to what is added to the cell, to the state, to the weights."""
    n, inputs = 4, x.shape[-1]
    w = {g: [change(f"{p}{g}", c.par(f"h.{p}{g}", *shape)) for p, shape in (("W", (n, inputs)), ("U", (n, n)), ("b", (n,)))] for g in "ifog"}
    h, cell, out = c.zeros(n), c.zeros(n), []
    for t in range(c.steps):
        u, s = before(x[:, t], h)
        i, f, o, g = [mul(w[k][0], u) + mul(w[k][1], s) + w[k][2] for k in "ifog"]
        new = sigmoid(f) * cell + added(sigmoid(i) * tanh(g), t)
        h, cell = after(t, h, cell, sigmoid(o) * tanh(new), new)
        out.append(h)
    return torch.stack(out, 1)


@case
def dropout(c):
    return c.normal(c.input("x", 4) * mask(c, "m", 0.6, 4, timed=True) / 0.6)


@case
def locked_dropout(c):
    return c.normal(c.input("x", 4) * mask(c, "m", 0.6, 4)[:, None] / 0.6)


@case
def variational_lstm(c):
    x, m, r = c.input("x", 3), mask(c, "m", 0.7, 3), mask(c, "r", 0.6, 4)
    return c.normal(lstm(c, x, before=lambda x, h: (x * m / 0.7, h * r / 0.6)))


@case
def recurrent_dropout_lstm(c):
    x, m = c.input("x", 3), mask(c, "m", 0.7, 4, timed=True)
    return c.normal(lstm(c, x, added=lambda a, t: a * m[:, t] / 0.7))


@case
def zoneout_lstm(c):
    x, d, e = c.input("x", 3), mask(c, "d", 0.4, 4, timed=True), mask(c, "e", 0.2, 4, timed=True)

    def after(t, h, cell, new_h, new_cell):
        return torch.where(e[:, t] > 0, h, new_h), torch.where(d[:, t] > 0, cell, new_cell)
    return c.normal(lstm(c, x, after=after))


@case
def weight_drop_lstm(c):
    x, masks = c.input("x", 3), {g: shared(c, f"M{g}", (c.random.random((4, 4)) < 0.6).astype(float)) for g in "ifog"}
    return c.normal(lstm(c, x, change=lambda name, w: w * masks[name[1]] / 0.6 if name[0] == "U" else w))


@case
def weight_noise_lstm(c):
    x = c.input("x", 3)

    def change(name, w):
        return w + shared(c, {"W": "N", "U": "M", "b": "k"}[name[0]] + name[1], 0.1 * c.random.standard_normal(tuple(w.shape)))
    return c.normal(lstm(c, x, change=change))


@case
def embedding_dropout(c):
    x, e, m = c.token("x", 5), c.par("h.E", 4, 5), shared(c, "m", np.array([1.0, 0, 1, 1, 0]))
    return c.normal((e.T * m[:, None] / 0.6)[x])


if __name__ == "__main__":
    main()
