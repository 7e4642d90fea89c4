"""more.py NRIR_FOLDER OUT_FOLDER: oracle vectors for what oracle.tar.xz does not touch: masks that are no prefix, masked losses,
backward masked scans, where, clip, slices, products of weights, a state reassigned in a step, weights per step, means inside a function;
encoders and decoders, batch normalisation.

Needs PyTorch and the folder that holds nrir.py and cases.py. Packed as vectors/more.tar.xz; only needed to make it anew."""
import os
import sys
import numpy as np

sys.path.insert(0, sys.argv[1])
import cases  # noqa: E402
import nrir   # noqa: E402

DIMS = {"T": 5, "B": 3, "I": 2, "H": 3, "O": 4, "V": 4, "K": 6, "S": 4}


def scan(body, states, emit, name="s", direction=1, over=None, mask=None, axis="T"):
    return {"scan": {"name": name, "dir": direction, "T": axis, "over": {"x": "x"} if over is None else over, "states": states, "mask": mask,
                     "body": body, "emit": emit}}


ELMAN = ["h = tanh(x @ W + h[-1] @ U + b)"]
ZERO = {"h": ["zeros:B,H"]}
W = {"W": "I,H", "U": "H,H", "b": "H"}
OUT = {"V": "H,O", "v": "O"}
X = {"x": "T,B,I"}

# name: (inputs, params, steps, outputs); a name with ! is an integer input below its second entry, ? a mask
PROGRAMS = {
    "masked_backward": ({**X, "m?prefix": "T,B", "target!O": "B"}, {**W, **OUT},
                        [scan(ELMAN, ZERO, ["h"], direction=-1, mask="m"), {"let": "y = s.h_final @ V + v"}, {"loss": "xent(y, target)"}],
                        ["y", "s.h_final"]),
    "masked_both": ({**X, "m?prefix": "T,B", "target!O": "T,B"}, {**W, **OUT, "W2": "I,H", "U2": "H,H"},
                    [scan(ELMAN, ZERO, ["h"], mask="m"),
                     scan(["h = tanh(x @ W2 + h[-1] @ U2)"], ZERO, ["h"], name="r", direction=-1, mask="m"),
                     {"let": "y = (s.h + r.h) @ V + v"}, {"loss": "xent_masked(y, target, m)"}], ["s.h", "r.h", "s.h_final"]),
    "masked_mse": ({**X, "m?prefix": "T,B", "target": "T,B,H"}, W,
                   [scan(ELMAN, ZERO, ["h"], mask="m"), {"loss": "mse_masked(s.h, target, m)"}], ["s.h"]),
    "masked_all_steps": ({**X, "m?prefix": "T,B", "target": "T,B,H"}, W,
                         [scan(ELMAN, ZERO, ["h"], mask="m"), {"loss": "mse(s.h, target)"}], ["s.h", "s.h_final"]),
    "mask_with_holes": ({**X, "m?holes": "T,B", "h0": "B,H", "target!O": "T,B"}, {**W, **OUT},
                        [scan(["g = sigmoid(x @ W + b)", "h = g * h[-1] + (1 - g) * tanh(h[-1] @ U)"], {"h": ["h0"]}, ["h", "g"], mask="m"),
                         {"let": "y = s.h @ V + v"}, {"loss": "xent_masked(y, target, m)"}], ["y", "s.g", "s.h_final"]),
    "mask_with_holes_backward": ({**X, "m?holes": "T,B", "target": "T,B,H"}, W,
                                 [scan(ELMAN, {"h": ["zeros:B,H", "zeros:B,H"]}, ["h"], direction=-1, mask="m"),
                                  {"loss": "mse_masked(s.h, target, m) + mean(square(s.h_final))"}], ["s.h"]),
    "binary": ({**X, "target?coin": "T,B,O"}, {**W, **OUT}, [scan(ELMAN, ZERO, ["h"]), {"let": "y = s.h @ V + v"}, {"loss": "bce(y, target)"}], ["y"]),
    "where_and_clip": ({**X, "target": "T,B,H"}, W,
                       [scan(["a = x @ W + h[-1] @ U", "c = where(a, a * b, exp(a) - 1)", "h = clip(c, -0.8, 0.9) + 0.1 * softsign(a)"], ZERO, ["h"]),
                        {"loss": "mse(s.h, target)"}], ["s.h"]),
    "slices": ({**X, "target": "T,B,K"}, {"W": "I,K", "U": "H,K", "b": "K"},
               [scan(["a = x @ W + h[-1] @ U + b", "h = tanh(slice(a, 0, 3)) * sigmoid(slice(a, 3, 6))"], ZERO, ["h", "a"]),
                {"loss": "mse(concat(s.h, s.h * s.h), target)"}], ["s.h", "s.a"]),
    "rowsums": ({**X, "target": "T,B,H"}, W,
                [scan(["a = x @ W + h[-1] @ U", "h = a / (1 + rowsum(square(a))) + b * rowsum(h[-1])"], ZERO, ["h"]), {"loss": "mse(s.h, target)"}],
                ["s.h"]),
    "weights_of_weights": ({**X, "target": "T,B,H"}, {"A": "I,K", "C": "K,H", "u": "H", "U": "H,H"},
                           [{"let": "W = A @ C"}, {"let": "R = U - transpose(U) - 0.1 * U"},
                            scan(["h = tanh(x @ W + (u * h[-1]) @ R + u)"], ZERO, ["h"]), {"loss": "mse(s.h, target) + 0.1 * sum(square(W))"}],
                           ["s.h"]),
    "reassigned": ({**X, "h0": "B,H", "target": "T,B,H"}, W,
                   [scan(["h = tanh(x @ W + h[-1] @ U)", "k = h * b", "h = h + 0.5 * k * h[-1]"], {"h": ["h0"]}, ["h", "k"]),
                    {"loss": "mse(s.h, target)"}], ["s.h", "s.k"]),
    "weights_per_step": ({**X, "target": "T,B,H"}, {"Ws": "T,I,H", "U": "H,H", "bs": "T,H"},
                         [scan(["h = tanh(x @ W + h[-1] @ U + c)"], ZERO, ["h"], direction=-1, over={"x": "x", "W": "Ws", "c": "bs"}),
                          {"loss": "mse(s.h, target)"}], ["s.h"]),
    "nonlinear_loss": ({**X, "target": "T,B,H"}, W,
                       [scan(ELMAN, ZERO, ["h"]), {"loss": "sqrt(mse(s.h, target)) + 2 * mean(s.h) * mean(abs(s.h)) - 0.5 * sum(square(s.h)) / 10"}],
                       ["s.h"]),
    "scaled_xent": ({**X, "t1!O": "T,B", "t2!O": "B"}, {**W, **OUT},
                    [scan(ELMAN, ZERO, ["h"]), {"let": "y = s.h @ V + v"}, {"let": "z = s.h_final @ V"},
                     {"loss": "0.3 * xent(y, t1) + xent(z, t2) + xent(s.h @ V, t1)"}], ["y", "z"]),
    "two_tokens": ({"a!V": "T,B", "q!K": "B", "target!O": "T,B"}, {"E": "V,H", "F": "K,H", "U": "H,H", **OUT},
                   [{"let": "e = lookup(E, a)"}, {"let": "f = lookup(F, q)"},
                    scan(["h = tanh(e + h[-1] @ U + f)"], {"h": ["f"]}, ["h"], over={"e": "e"}), {"loss": "xent(s.h @ V + v, target)"}], ["s.h", "f"]),
    "gauss_at_the_end": ({**X, "target": "B,H"}, {**W, "S": "H,H"},
                         [scan(ELMAN, ZERO, ["h"]), {"let": "mu = s.h_final * 1.5"}, {"loss": "nll_gauss(target, mu, s.h_final @ S)"}], ["mu"]),
    "dot_products": ({**X, "target": "T,B,H"}, {**W, "w": "H"},
                     [scan(["g = rowsum(h[-1] * w)", "h = tanh(x @ W + sigmoid(g) * (h[-1] @ U))"], ZERO, ["h"]),
                      {"let": "n = layernorm(s.h)"}, {"loss": "mse(n, target) + 0.2 * sum(square(w))"}], ["n"]),
    "softmax_states": ({**X, "target": "T,B,H"}, W,
                       [scan(["h = softmax(x @ W + 3.0 * h[-1] @ U + b)"], {"h": ["zeros:B,H", "zeros:B,H"]}, ["h"], direction=-1),
                        {"loss": "-mean(log(s.h) * softplus(target))"}], ["s.h"]),
    "decoder_context_each_step": ({**X, "w": "S,B,I", "target!O": "S,B"}, {**W, "W2": "I,H", "U2": "H,H", "C": "H,H", "D": "H,O", **OUT},
                                  [scan(ELMAN, ZERO, ["h"]), {"let": "ctx = tanh(s.h_final)"},
                                   scan(["h = tanh(w @ W2 + h[-1] @ U2 + ctx @ C)"], {"h": ["ctx"]}, ["h"], name="d", over={"w": "w"}, axis="S"),
                                   {"let": "y = d.h @ V + ctx @ D + v"}, {"loss": "xent(y, target) + 0.1 * mean(square(s.h))"}],
                                  ["y", "ctx", "s.h", "d.h_final"]),
    "decoder_of_both_ends": ({"a!V": "T,B", "q!K": "S,B", "target": "S,B,H"}, {"E": "V,H", "F": "K,H", "U": "H,H", "U2": "H,H", "P": "H,H", "Q": "H,H"},
                             [{"let": "e = lookup(E, a)"}, {"let": "f = lookup(F, q)"},
                              scan(["h = tanh(e + h[-1] @ U)"], ZERO, ["h"], over={"e": "e"}),
                              scan(["h = tanh(e + h[-1] @ U2)"], ZERO, ["h"], name="r", direction=-1, over={"e": "e"}),
                              {"let": "ctx = s.h_final @ P + r.h_final @ Q"},
                              scan(["h = tanh(f + h[-1] @ U + 0.5 * h[-2])"], {"h": ["ctx", "s.h_final"]}, ["h"], name="d", over={"f": "f"}, axis="S"),
                              {"loss": "mse(d.h, target)"}], ["d.h", "ctx", "r.h"]),
    "decoder_of_masked": ({**X, "w": "S,B,I", "m?prefix": "T,B", "target": "S,B,H"}, {**W, "W2": "I,H", "U2": "H,H"},
                          [scan(ELMAN, ZERO, ["h"], mask="m"),
                           scan(["h = tanh(w @ W2 + h[-1] @ U2)"], {"h": ["s.h_final"]}, ["h"], name="d", direction=-1, over={"w": "w"}, axis="S"),
                           {"loss": "mse(d.h, target)"}], ["s.h", "s.h_final", "d.h"]),
    "decoder_longer_state": ({"x": "S,B,I", "w": "T,B,I", "target": "T,B,H"}, {**W, "c": "H"},
                             [scan(ELMAN + ["c2 = h * c + c2[-1]"], {"h": ["zeros:B,H"], "c2": ["zeros:B,H"]}, ["h"], axis="S"),
                              scan(["h = tanh(w @ W + h[-1] @ U + b)", "c2 = 0.5 * c2[-1] + h"], {"h": ["s.h_final"], "c2": ["s.c2_final"]}, ["c2"], name="d",
                                   over={"w": "w"}), {"loss": "mse(d.c2, target)"}], ["d.c2", "s.c2_final", "d.h_final"]),
    "batchnorm_backward": ({**X, "h0": "B,H", "target": "T,B,H"}, {"W": "I,H", "U": "H,H", "g": "H", "k": "H", "g2": "H", "k2": "H", "g3": "H", "k3": "H"},
                           [scan(["h = tanh(batchnorm(x @ W, g, k, 0.01) + 0.5 * batchnorm(h[-1] @ U, g2, k2) + h[-2])"], {"h": ["h0", "zeros:B,H"]}, ["h"],
                                 direction=-1), {"let": "z = batchnorm(s.h_final, g3, k3)"}, {"loss": "mse(s.h, target) + mean(square(z - h0))"}], ["s.h", "z"]),
    "batchnorm_masked": ({**X, "m?prefix": "T,B", "target": "T,B,H"}, {**W, "g": "H", "k": "H"},
                         [scan(["h = tanh(batchnorm(x @ W, g, k) + h[-1] @ U + b)"], ZERO, ["h"], mask="m"), {"loss": "mse_masked(s.h, target, m)"}],
                         ["s.h", "s.h_final"]),
    "batchnorm_decoder": ({**X, "w": "S,B,I", "target!O": "S,B"}, {**W, "W2": "I,H", "U2": "H,H", "g": "H", "k": "H", "g2": "H", "k2": "H", **OUT},
                          [scan(["h = tanh(batchnorm(x @ W + h[-1] @ U, g, k))"], ZERO, ["h"]),
                           scan(["h = tanh(batchnorm(w @ W2, g2, k2) + h[-1] @ U2)"], {"h": ["s.h_final"]}, ["h"], name="d", over={"w": "w"}, axis="S"),
                           {"let": "y = d.h @ V + v"}, {"loss": "xent(y, target)"}], ["y", "s.h"]),
}


# Training: name: (optimiser, hyper, clip, steps, chunk or None)
CLIPS = {"norm": {"kind": "global_norm", "max": 0.1}, "value": {"kind": "value", "max": 0.02}, "param": {"kind": "per_param", "max": 0.05}}
TRAINING = {
    "train_sgd": ("sgd", {"lr": 0.3}, None, 4, None),
    "train_momentum": ("sgd", {"lr": 0.2, "momentum": 0.9}, CLIPS["norm"], 5, None),
    "train_nesterov": ("sgd", {"lr": 0.2, "momentum": 0.8, "nesterov": True}, CLIPS["value"], 5, None),
    "train_rmsprop": ("rmsprop", {"lr": 0.02, "alpha": 0.9, "eps": 1e-6}, CLIPS["param"], 5, None),
    "train_adam": ("adam", {"lr": 0.05, "beta1": 0.8, "beta2": 0.95, "eps": 1e-7}, CLIPS["norm"], 6, None),
    "train_adamw": ("adamw", {"lr": 0.05, "betas": [0.9, 0.99], "eps": 1e-8, "weight_decay": 0.1}, None, 6, None),
    "train_windows": ("adam", {"lr": 0.05, "betas": [0.9, 0.99], "eps": 1e-8}, CLIPS["norm"], 4, 5),
}


def train(ev, prog, arrays, pars, spec):
    """The steps of `spec` by torch.optim -> losses, norms before clipping, the parameters afterwards"""
    import torch
    kind, hyper, clip, steps, chunk = spec
    h = dict(hyper)
    if "beta1" in h:
        h["betas"] = (h.pop("beta1"), h.pop("beta2"))
    p = {n: ev.to(arrays[n]).requires_grad_(True) for n in pars}
    optimiser = {"sgd": torch.optim.SGD, "rmsprop": torch.optim.RMSprop, "adam": torch.optim.Adam, "adamw": torch.optim.AdamW}[kind](p.values(), **h)
    fixed = {n: ev.to(a) for n, a in arrays.items() if n not in pars}
    losses, norms = [], []
    for s in range(steps):
        now = dict(fixed)
        if chunk:
            now.update({n: fixed[n + "_all"][s * chunk:(s + 1) * chunk] for n in ("x", "target")})
        optimiser.zero_grad()
        loss, env = ev.run(prog, {**now, **p})
        loss.backward()
        norms.append(float(torch.sqrt(sum((q.grad ** 2).sum() for q in p.values()))))
        losses.append(float(loss.detach()))
        if clip and clip["kind"] == "global_norm" and norms[-1] > clip["max"]:
            for q in p.values():
                q.grad *= clip["max"] / norms[-1]
        for q in p.values() if clip else []:
            if clip["kind"] == "value":
                q.grad.clamp_(-clip["max"], clip["max"])
            if clip["kind"] == "per_param" and float(q.grad.norm()) > clip["max"]:
                q.grad *= clip["max"] / float(q.grad.norm())
        optimiser.step()
        if chunk:
            fixed["h0"] = env["s"].h_final.detach()
    return np.array(losses), np.array(norms), {n: q.detach().numpy() for n, q in p.items()}


def make_training(i, name, spec):
    kind, hyper, clip, steps, chunk = spec
    rng = np.random.default_rng(200 + i)
    inputs = {"x": "T,B,I", "h0": "B,H", "target": "T,B,O"}
    if chunk:
        inputs.update({"x_all": "TT,B,I", "target_all": "TT,B,O"})
    dims = {**DIMS, "TT": DIMS["T"] * steps}
    arrays = {n: rng.normal(0, 1, [dims[d] for d in s.split(",")]) for n, s in inputs.items()}
    params = {**W, **OUT}
    arrays.update({n: rng.normal(0, 0.6, [dims[k] for k in s.split(",")]) for n, s in params.items()})
    prog = {"dims": dims, "inputs": {n: {"shape": s.split(","), "dtype": "f8", "grad": False} for n, s in inputs.items()},
            "params": {n: {"shape": s.split(",")} for n, s in params.items()},
            "train": {"optimiser": kind, "hyper": hyper, "clip": clip, "steps": steps,
                      "tbptt": chunk and {"chunk": chunk, "carry": {"h0": "s.h_final"}, "slice": {"x": "x_all", "target": "target_all"}}},
            "steps": [scan(ELMAN, {"h": ["h0"]}, ["h"]), {"let": "y = s.h @ V + v"}, {"loss": "mse(y, target)"}]}
    losses, norms, after = train(nrir.TorchEval(), prog, arrays, params, spec)
    data = {("par." if n in params else "in.") + n: a for n, a in arrays.items()}
    data.update({"exp.losses": losses, "exp.grad_norms": norms, **{"exp.after." + n: a for n, a in after.items()}})
    case = {"name": name, "family": "more", "program": prog, "outputs": [], "wrt": []}
    cases.save(os.path.join(sys.argv[2], name), case, data)


def array(name, kind, shape, rng):
    if kind is None:
        return rng.normal(0, 1, shape)
    if kind in DIMS:
        return rng.integers(0, DIMS[kind], shape)
    if kind == "prefix":
        lengths = np.array([shape[0], 1, 3])[:shape[1]]
        return (np.arange(shape[0])[:, None] < lengths).astype(float)
    m = (rng.random(shape) < 0.6).astype(float)
    if kind == "holes":
        m[0] = [1, 0, 1]
    return m


def main():
    for i, (name, (inputs, params, steps, outputs)) in enumerate(PROGRAMS.items()):
        rng = np.random.default_rng(100 + i)
        spec, arrays, ints = {}, {}, set()
        for n, dims in inputs.items():
            n, kind = (n.replace("?", "!").split("!") + [None])[:2]
            dims = dims.split(",")
            arrays[n] = array(n, kind, [DIMS[d] for d in dims], rng)
            integer = arrays[n].dtype.kind == "i"
            spec[n] = {"shape": dims, "dtype": "i8" if integer else "f8", "grad": not integer and n in ("x", "h0")}
        pars = {n: {"shape": d.split(",")} for n, d in params.items()}
        for n, d in params.items():
            arrays[n] = rng.normal(0, 0.7, [DIMS[k] for k in d.split(",")])
        prog = {"dims": DIMS, "inputs": spec, "params": pars, "steps": steps}
        wrt = list(pars) + [n for n, s in spec.items() if s["grad"]]
        ev = nrir.TorchEval()
        loss, env, grads = ev.value_and_grad(prog, arrays, wrt)
        data = {("par." if n in pars else "in.") + n: a for n, a in arrays.items()}
        data["exp.loss"] = np.array(loss)
        data.update({"exp." + n: v for n, v in ev.out(env, outputs).items()})
        data.update({"grad." + n: g for n, g in grads.items()})
        case = {"name": name, "family": "more", "program": prog, "outputs": outputs, "wrt": wrt}
        cases.save(os.path.join(sys.argv[2], name), case, data)
    for i, (name, spec) in enumerate(TRAINING.items()):
        make_training(i, name, spec)


main()
