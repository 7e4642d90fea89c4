"""make_losses.py: writes losses/NAME.npz for losses.py: data, parameters, and the loss and gradients by torch.distributions and
torch.nn.functional in double. Needs PyTorch; only needed to make them anew."""
import os
import numpy as np
import torch
import torch.distributions as D
import torch.nn.functional as F
from loss_cases import CASES, INPUTS, LENGTHS, N, T, declarations

HERE = os.path.dirname(os.path.abspath(__file__))


def mixture(logits, means, deviations):
    return D.MixtureSameFamily(D.Categorical(logits=logits), D.Normal(means, deviations))


def bivariate(logits, mx, my, sx, sy, r):
    sx, sy, r = (torch.as_tensor(v, dtype=torch.float64).expand(logits.shape) for v in (sx, sy, r))
    covariance = torch.stack([torch.stack([sx * sx, r * sx * sy], -1), torch.stack([r * sx * sy, sy * sy], -1)], -2)
    return D.MixtureSameFamily(D.Categorical(logits=logits), D.MultivariateNormal(torch.stack([mx, my], -1), covariance))


def ordinal(score, raw):
    cuts = torch.cat([raw[..., :1], raw[..., :1] + torch.cumsum(F.softplus(raw[..., 1:]), -1)], -1)
    below = torch.sigmoid(cuts - score.unsqueeze(-1))
    below = torch.cat([torch.zeros_like(below[..., :1]), below, torch.ones_like(below[..., :1])], -1)
    return D.Categorical(probs=below[..., 1:] - below[..., :-1])


def student(df, mean, scale):
    return D.StudentT(torch.as_tensor(df, dtype=torch.float64), mean, scale)


def focal(o, y, gamma):
    logp = torch.gather(F.log_softmax(o, -1), -1, y.unsqueeze(-1)).squeeze(-1)
    return -(1 - logp.exp()) ** gamma * logp


def contrastive(a, b, same, margin):  # Hadsell et al. 2006
    d = (a - b).norm(dim=-1)
    return 0.5 * (same * d ** 2 + (1 - same) * F.relu(margin - d) ** 2)


def row(f):
    """a function of PyTorch over [.., C] and [..], element by element"""
    return lambda o, y: f(o.reshape(-1, o.shape[-1]), y.reshape(-1)).reshape(y.shape)


# name: a distribution, given the products with x
DRAWS = {
    "categorical": lambda A: D.Categorical(logits=A), "bernoulli": lambda A: D.Bernoulli(logits=A), "normal": lambda A, B: D.Normal(A, B.exp()),
    "laplace": lambda A, B: D.Laplace(A, B.exp()), "student_t": lambda A, B, C: student(A.exp(), B, C.exp()),
    "poisson": lambda A: D.Poisson(A.exp()), "negative_binomial": lambda A, B: D.NegativeBinomial(A.exp(), logits=B),
    "beta": lambda A, B: D.Beta(A.exp(), B.exp()), "mixture": lambda A, B, C: mixture(A, B, C.exp()),
    "bivariate_mixture": lambda A, B, C, D_, E, F_: bivariate(A, B, C, D_.exp(), E.exp(), F_.tanh()),
    "ordinal": lambda A, B: ordinal(A.sum(-1), B), "ordinal_of_two": lambda A, B: ordinal(A.sum(-1), B),
    "masked_token": lambda A: D.Categorical(logits=A), "masked_real": lambda A: D.Laplace(A, 2.0),
    "masked_pair": lambda A, B: bivariate(A, B, B, 1.0, 2.0, 0.5), "ahead": lambda A: student(3.0, A.sum(-1), 1.0),
    "constant": lambda A: D.Laplace(A.sum(-1), 0.5)}
# the loss at each step
LOSSES = {
    "smoothed_cross_entropy": row(lambda o, y: F.cross_entropy(o, y, label_smoothing=0.2, reduction="none")),
    "focal": lambda o, y: focal(o, y, 1.5), "multi_hinge": row(lambda o, y: F.multi_margin_loss(o, y, margin=0.7, reduction="none")),
    "hinge": lambda o, y: F.relu(1 - y * o).mean(-1), "huber": lambda o, y: F.huber_loss(o, y, delta=0.6, reduction="none").mean(-1),
    "smooth_l1": lambda o, y: F.smooth_l1_loss(o, y, beta=0.6, reduction="none").mean(-1),
    "log_cosh": lambda o, y: torch.log(torch.cosh(o - y)).mean(-1),
    "quantile": lambda o, y: torch.maximum(0.9 * (y - o), -0.1 * (y - o)).mean(-1),
    "contrastive": lambda a, b, y: contrastive(a, b, y, 1.5),
    "triplet": lambda a, b, y: F.triplet_margin_loss(a, b, y, margin=0.5, eps=0, reduction="none"),
    "observed": lambda o, y: torch.where(torch.isnan(y).any(-1), 0.0, ((o - torch.nan_to_num(y)) ** 2).sum(-1))}


def values(rng, kind, shape):
    if isinstance(kind, int):
        return rng.integers(0, kind, shape)
    return {"real": lambda: rng.normal(0, 1.5, shape), "count": lambda: rng.poisson(3, shape).astype(float), "unit": lambda: rng.uniform(0.02, 0.98, shape),
            "bit": lambda: rng.integers(0, 2, shape).astype(float), "sign": lambda: rng.integers(0, 2, shape) * 2.0 - 1}[kind]()


def make(name, rng):
    data = {"x": rng.normal(0, 1, (N, T, INPUTS))}
    for _, v, timed, _, shape, kind, may_miss in declarations(CASES[name]):
        data[v] = values(rng, kind, (N, T, *shape) if timed else (N, *shape))
        if may_miss:
            data[v] = np.where(rng.random(data[v].shape) < 0.25, -1 if isinstance(kind, int) else np.nan, data[v])
    weights = {m: rng.normal(0, 0.6, (rows, INPUTS)) for m, rows in CASES[name][2].items()}
    p = {m: torch.tensor(w, requires_grad=True) for m, w in weights.items()}
    inside = torch.arange(T)[None] < torch.tensor(LENGTHS)[:, None]
    x, y = torch.tensor(data["x"]), torch.tensor(data["y"])
    args = [torch.einsum("ntk,jk->ntj", x, w) for w in p.values()]
    if name in LOSSES:
        each = LOSSES[name](*args, y.long() if y.dtype == torch.int64 else y)
        loss = ((each * inside).sum(1) / inside.sum(1)).mean()
    else:
        args = [a.sum(-1, keepdim=True) if a.shape[-1] == 1 and y.dim() == 2 and name == "ahead" else a for a in args]
        if name == "ahead":  # y[t+1]; nothing behind the end
            y = torch.cat([torch.where(inside[:, 1:], y[:, 1:], torch.nan), torch.full((N, 1), torch.nan)], 1)
        if name == "constant":
            args, inside = [(args[0].sum(-1) * inside).sum(1, keepdim=True)], torch.ones(N, dtype=torch.bool)
        seen = y >= 0 if y.dtype == torch.int64 else ~torch.isnan(y)
        if name in ("bivariate_mixture", "masked_pair"):
            seen = seen.all(-1)
        if name.startswith("masked"):
            m = torch.tensor(data["m"])
            seen = seen & (m == 0 if name == "masked_real" else m != 0)
        seen = seen & inside.reshape(inside.shape + (1,) * (seen.dim() - inside.dim()))
        filled = torch.where(seen if seen.dim() == y.dim() else seen.unsqueeze(-1), y, torch.tensor(0.5 if y.is_floating_point() else 0).to(y.dtype))
        distribution = DRAWS[name](*args)
        distribution._validate_args = False
        if hasattr(distribution, "_component_distribution"):
            distribution._component_distribution._validate_args = False
        nll = -distribution.log_prob(filled)
        loss = torch.where(seen, nll, torch.tensor(0.0, dtype=torch.float64)).sum() / max(int(seen.sum()), 1)
    loss.backward()
    arrays = {"in." + k: v for k, v in data.items()} | {"par." + k: v for k, v in weights.items()}
    np.savez_compressed(os.path.join(HERE, "losses", name + ".npz"), **arrays, **{"grad." + k: v.grad.numpy() for k, v in p.items()},
                        **{"exp.loss": loss.detach().numpy()})


for i, case in enumerate(CASES):
    make(case, np.random.default_rng(1000 + i))
