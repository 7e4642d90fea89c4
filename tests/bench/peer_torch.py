"""peer_torch.py: PyTorch. Its own kernels where it has them (nn.RNN, nn.GRU, nn.LSTM), else the loop over time written by hand, with the
products of the inputs before it.

Variants: "own" (eager, or the library's kernel), "script" (the loop by torch.jit.script), "compile" (torch.compile, CHUNK steps a graph),
"packed" (sequences of different lengths as PyTorch packs them; "own" runs them dense, backwards ones reversed by a gather)."""
from typing import Tuple
import torch
from torch import Tensor
from torch.nn import functional as F
import child
from rows import CLASSES, DROP

CHUNK = 10


# The loops: products of the inputs [T, B, ..] and two states in; outputs [T, B, ..] and the states out.

def lstm_loop(x: Tensor, h: Tensor, c: Tensor, U: Tensor, mask: Tensor) -> Tuple[Tensor, Tensor, Tensor]:
    out = []
    for t in range(x.shape[0]):
        i, f, o, g = torch.addmm(x[t], h * mask, U).chunk(4, 1)
        c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
        h = torch.sigmoid(o) * torch.tanh(c)
        out.append(h)
    return torch.stack(out), h, c


def layer_norm_loop(x: Tensor, h: Tensor, c: Tensor, U: Tensor, gain: Tensor, bias: Tensor, inside_gain: Tensor,
                    inside_bias: Tensor) -> Tuple[Tensor, Tensor, Tensor]:
    out = []
    for t in range(x.shape[0]):
        f, i, o, g = (x[t] + F.layer_norm(h @ U, gain.shape, gain, bias)).chunk(4, 1)
        c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
        h = torch.sigmoid(o) * torch.tanh(F.layer_norm(c, inside_gain.shape, inside_gain, inside_bias))
        out.append(h)
    return torch.stack(out), h, c


def peephole_loop(x: Tensor, h: Tensor, c: Tensor, U: Tensor, vi: Tensor, vf: Tensor, vo: Tensor) -> Tuple[Tensor, Tensor, Tensor]:
    out = []
    for t in range(x.shape[0]):
        i, f, o, g = torch.addmm(x[t], h, U).chunk(4, 1)
        c = torch.sigmoid(f + vf * c) * c + torch.sigmoid(i + vi * c) * torch.tanh(g)
        h = torch.sigmoid(o + vo * c) * torch.tanh(c)
        out.append(h)
    return torch.stack(out), h, c


def mingru_loop(x: Tensor, h: Tensor, c: Tensor) -> Tuple[Tensor, Tensor, Tensor]:
    out = []
    z, g = x.chunk(2, 2)
    z = torch.sigmoid(z)
    keep, new = 1 - z, z * g
    for t in range(x.shape[0]):
        h = torch.addcmul(new[t], keep[t], h)
        out.append(h)
    return torch.stack(out), h, c


def fed_back_loop(x: Tensor, o: Tensor, c: Tensor, W: Tensor, V: Tensor, b: Tensor) -> Tuple[Tensor, Tensor, Tensor]:
    out = []
    for t in range(x.shape[0]):
        o = torch.addmm(b, torch.tanh(torch.addmm(x[t], o, W)), V)
        out.append(o)
    return torch.stack(out), o, c


class Net:
    """The parameters, and the logits [T, B, CLASSES] of a batch."""

    def __init__(self, j):
        self.j, self.params, self.drop = j, [], 0.0
        self.loops = {}

    def param(self, a):
        p = torch.nn.Parameter(torch.tensor(a))
        self.params.append(p)
        return p

    def gates(self, path, order):
        """W', U', b."""
        W, U, b = child.gates(self.j.w, path, order)
        return self.param(W.T.copy()), self.param(U.T.copy()), self.param(b)

    def out(self):
        V, c = self.param(self.j.w["o.W"]), self.param(self.j.w["o.b"])
        return lambda h: F.linear(h, V, c)

    def scan(self, loop, x, width, *constants):
        """The loop over all steps, from zeros."""
        if loop not in self.loops:
            self.loops[loop] = {"own": lambda f: f, "script": torch.jit.script, "compile": torch.compile}[self.j.variant](loop)
        f = self.loops[loop]
        h = c = x.new_zeros(x.shape[1], width)
        if self.j.variant != "compile":
            return f(x, h, c, *constants)[0]
        parts = []
        for k in range(0, x.shape[0], CHUNK):
            part, h, c = f(x[k:k + CHUNK], h, c, *constants)
            parts.append(part)
        return torch.cat(parts)

    def library(self, kind, path, order):
        """PyTorch's module with rnnc's weights. Its second bias is what the equations have of it: nothing, or that of a gru's candidate."""
        j = self.j
        W, U, b = (torch.tensor(a) for a in child.gates(j.w, path, order))
        net = kind(W.shape[1], j.H)
        second = torch.zeros_like(b)
        if "cn" in "".join(j.w):
            second[-j.H:] = torch.tensor(j.w[f"{path}.cn"])
        with torch.no_grad():
            for p, a in zip(net.parameters(), (W, U, b, second)):
                p.copy_(a)
        own = list(net.parameters())
        if kind is torch.nn.GRU:
            mask = torch.zeros_like(b)
            mask[-j.H:] = 1
            own[3].register_hook(lambda g: g * mask)
        else:
            own.pop().requires_grad_(False)
        self.params += own
        return net


def build_library(kind, order):
    def build(n):
        net, out = n.library(kind, "h", order), n.out()
        return lambda x, y: out(net(x)[0])
    return build


def build_layer_norm(n):
    W, U, b = (n.param(a) for a in (n.j.w["h.W"].T.copy(), n.j.w["h.U"].T.copy(), n.j.w["h.b"]))
    before, below, inside = ([n.param(n.j.w[f"h.{where}.{what}"]) for what in ("gain", "bias")] for where in ("before", "below", "inside"))
    out = n.out()
    return lambda x, y: out(n.scan(layer_norm_loop, F.layer_norm(x @ W, below[0].shape, *below) + b, n.j.H, U, *before, *inside))


def build_peephole(n):
    W, U, b = n.gates("h", "ifog")
    v = [n.param(n.j.w[f"h.v{gate}"]) for gate in "ifo"]
    out = n.out()
    return lambda x, y: out(n.scan(peephole_loop, x @ W + b, n.j.H, U, *v))


def build_mingru(n):
    W, b = (n.param(torch.cat([torch.tensor(n.j.w[f"h.{kind}{gate}"]) for gate in "zg"]).numpy()) for kind in "Wb")
    out = n.out()
    return lambda x, y: out(n.scan(mingru_loop, F.linear(x, W, b), n.j.H))


def build_fed_back(n):
    U, W, b, V, c = (n.param(n.j.w[name].T.copy()) for name in "UWbVc")
    return lambda x, y: n.scan(fed_back_loop, x @ U + b, CLASSES, W, V, c)


def build_forced(n):
    """Over all steps at once: nothing is carried but what the data say."""
    U, W, b, V, c = (n.param(n.j.w[name].T.copy()) for name in "UWbVc")

    def logits(x, y):
        said = F.pad(F.embedding(y[:-1], W), (0, 0, 0, 0, 1, 0))
        return torch.tanh(x @ U + b + said) @ V + c
    return torch.compile(logits) if n.j.variant == "compile" else logits


def build_both_ways(n):
    forth, back, out = n.library(torch.nn.LSTM, "f", "ifgo"), n.library(torch.nn.LSTM, "b", "ifgo"), n.out()
    T, lengths = n.j.T, torch.tensor(n.j.lengths)
    if n.j.variant == "packed":
        both = torch.nn.LSTM(n.j.I, n.j.H, bidirectional=True)
        with torch.no_grad():
            for p, a in zip(both.parameters(), [*forth.parameters(), *back.parameters()]):
                p.copy_(a)
        held = [p.requires_grad_(not name.startswith("bias_hh")) for name, p in both.named_parameters()]
        n.params = [p for p in held if p.requires_grad] + n.params[-2:]

        def packed(x, y):
            h, _ = both(torch.nn.utils.rnn.pack_padded_sequence(x, lengths, enforce_sorted=False))
            return out(torch.nn.utils.rnn.pad_packed_sequence(h, total_length=T)[0])
        return packed
    steps = torch.arange(T)[:, None]
    turned = torch.where(steps < lengths, lengths - 1 - steps, steps)

    def turn(a):
        return a.gather(0, turned[:, :, None].expand(a.shape))
    return lambda x, y: out(torch.cat([forth(x)[0], turn(back(turn(x))[0])], 2))


def build_dropped(n):
    layers = [n.gates(f"h.{k}", "ifog") for k in (0, 1)]
    out = n.out()

    def logits(x, y):
        for W, U, b in layers:
            mask = torch.bernoulli(torch.full((n.j.B, n.j.H), 1 - n.drop)) / (1 - n.drop)
            x = n.scan(lstm_loop, x @ W + b, n.j.H, U, mask)
        return out(x)
    return logits


BUILD = {
    "elman": build_library(torch.nn.RNN, [""]),
    "gru": build_library(torch.nn.GRU, "rzn"),
    "lstm": build_library(torch.nn.LSTM, "ifgo"),
    "lstm, layer norm": build_layer_norm,
    "lstm, peephole": build_peephole,
    "mingru": build_mingru,
    "output to hidden": build_fed_back,
    "output to hidden, teacher forced": build_forced,
    "lstm both ways, lengths differ": build_both_ways,
    "2 lstm, recurrent dropout": build_dropped,
}


def train(j):
    n = Net(j)
    logits = BUILD[j.cell](n)
    adam = torch.optim.Adam(n.params, lr=1e-3, fused=True)
    x, y = torch.tensor(j.x), torch.tensor(j.y)
    target = torch.where(torch.arange(j.T)[:, None] < torch.tensor(j.lengths), y, -100)  # what lies behind a sequence's end is ignored

    def step():
        adam.zero_grad()
        loss = F.cross_entropy(logits(x, y).view(-1, CLASSES), target.view(-1))
        loss.backward()
        torch.nn.utils.clip_grad_norm_(n.params, 1.0)
        adam.step()
        return loss

    check = [float(step().detach()) for _ in range(j.updates)]
    n.drop = DROP
    child.serve(step, check)


def forward(j):
    n = Net(j)
    kind, order = {"lstm": (torch.nn.LSTM, "ifgo"), "gru": (torch.nn.GRU, "rzn")}[j.cell]
    net, x = n.library(kind, "h", order), torch.tensor(j.x)
    with torch.no_grad():
        child.serve(lambda: net(x), child.states(net(x)[0].numpy()))


j = child.job()
torch.set_num_threads(j.threads)
train(j) if j.mode == "train" else forward(j)
