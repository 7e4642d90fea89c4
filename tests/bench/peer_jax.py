"""peer_jax.py: JAX: lax.scan under jit, the products of the inputs before the scan, everything of a training step in one compiled function.

Variants: "own", "unrolled" (UNROLLED steps in the compiled loop's body), "associative" (minGRU by an associative scan)."""
import functools
import jax
from jax import lax
import jax.numpy as jnp
import numpy as np
import child
from rows import CLASSES, DROP

UNROLLED = 10


def scan(step, first, x):
    return lax.scan(step, first, x, unroll=UNROLLED if j.variant == "unrolled" else 1)


def lstm(p, x, H, mask=1.0):
    """x: products and biases of i, f, o, g side by side [T, B, 4 H]."""
    def step(carry, a):
        h, c = carry
        i, f, o, g = jnp.split(a + (h * mask) @ p["U"], 4, 1)
        c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
        h = jax.nn.sigmoid(o) * jnp.tanh(c)
        return (h, c), h
    zero = jnp.zeros((x.shape[1], H))
    return scan(step, (zero, zero), x)[1]


def affine(p, x):
    return x @ p["W"] + p["b"]


def dense(p, h):
    return h @ p["o"]["W"] + p["o"]["b"]


def gates(w, path, order):
    W, U, b = child.gates(w, path, order)
    return {"W": W.T, "U": U.T, "b": b}


def out(w):
    return {"W": w["o.W"].T, "b": w["o.b"]}


# A cell: its parameters from rnnc's, and the logits [T, B, CLASSES].

def elman(p, j, x, y, key, keep):
    def step(h, a):
        h = jnp.tanh(a + h @ p["h"]["U"])
        return h, h
    return dense(p, scan(step, jnp.zeros((j.B, j.H)), affine(p["h"], x))[1])


def gru_states(p, x, H):
    def step(h, a):
        u = h @ p["U"]
        r, z = jnp.split(jax.nn.sigmoid(a[:, :2 * H] + u[:, :2 * H]), 2, 1)
        n = jnp.tanh(a[:, 2 * H:] + r * (u[:, 2 * H:] + p["cn"]))
        h = (1 - z) * n + z * h
        return h, h
    return scan(step, jnp.zeros((x.shape[1], H)), affine(p, x))[1]


def layer_norm(p, a):
    mean = a.mean(-1, keepdims=True)
    d = a - mean
    return p["gain"] * d * lax.rsqrt((d * d).mean(-1, keepdims=True) + 1e-5) + p["bias"]


def lstm_layer_norm(p, j, x, y, key, keep):
    q = p["h"]

    def step(carry, a):
        h, c = carry
        f, i, o, g = jnp.split(a + layer_norm(q["before"], h @ q["U"]), 4, 1)
        c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
        h = jax.nn.sigmoid(o) * jnp.tanh(layer_norm(q["inside"], c))
        return (h, c), h
    zero = jnp.zeros((j.B, j.H))
    return dense(p, scan(step, (zero, zero), layer_norm(q["below"], x @ q["W"]) + q["b"])[1])


def lstm_peephole(p, j, x, y, key, keep):
    q = p["h"]

    def step(carry, a):
        h, c = carry
        i, f, o, g = jnp.split(a + h @ q["U"], 4, 1)
        c = jax.nn.sigmoid(f + q["vf"] * c) * c + jax.nn.sigmoid(i + q["vi"] * c) * jnp.tanh(g)
        h = jax.nn.sigmoid(o + q["vo"] * c) * jnp.tanh(c)
        return (h, c), h
    zero = jnp.zeros((j.B, j.H))
    return dense(p, scan(step, (zero, zero), affine(q, x))[1])


def mingru(p, j, x, y, key, keep):
    z, g = jnp.split(affine(p["h"], x), 2, 2)
    z = jax.nn.sigmoid(z)
    states = associative if j.variant == "associative" else sequential
    return dense(p, states(1 - z, z * g))


def sequential(keep, new):
    def step(h, a):
        h = a[0] * h + a[1]
        return h, h
    return scan(step, jnp.zeros_like(new[0]), (keep, new))[1]


def associative(keep, new):
    return lax.associative_scan(lambda a, b: (a[0] * b[0], b[0] * a[1] + b[1]), (keep, new))[1]


def fed_back(p, j, x, y, key, keep):
    def step(o, a):
        o = jnp.tanh(a + o @ p["W"]) @ p["V"] + p["c"]
        return o, o
    return scan(step, jnp.zeros((j.B, CLASSES)), x @ p["U"] + p["b"])[1]


def forced(p, j, x, y, key, keep):
    said = jnp.pad(p["W"][y[:-1]], ((1, 0), (0, 0), (0, 0)))
    return jnp.tanh(x @ p["U"] + p["b"] + said) @ p["V"] + p["c"]


def both_ways(p, j, x, y, key, keep):
    steps = np.arange(j.T)[:, None]
    turned = np.where(steps < j.lengths, j.lengths - 1 - steps, steps)[:, :, None]
    f = lstm(p["f"], affine(p["f"], x), j.H)
    b = lstm(p["b"], affine(p["b"], jnp.take_along_axis(x, turned, 0)), j.H)
    return dense(p, jnp.concatenate([f, jnp.take_along_axis(b, turned, 0)], 2))


def dropped(p, j, x, y, key, keep):
    for k, layer in enumerate((p["below"], p["above"])):
        mask = jax.random.bernoulli(jax.random.fold_in(key, k), keep, (j.B, j.H)) / keep
        x = lstm(layer, affine(layer, x), j.H, mask)
    return dense(p, x)


def some(w, path, names):
    return {name: w[f"{path}.{name}"].T for name in names}


CELLS = {
    "elman": (lambda w: {"h": gates(w, "h", [""]), "o": out(w)}, elman),
    "gru": (lambda w: {"h": {**gates(w, "h", "rzn"), "cn": w["h.cn"]}, "o": out(w)},
            lambda p, j, x, *_: dense(p, gru_states(p["h"], x, j.H))),
    "lstm": (lambda w: {"h": gates(w, "h", "ifog"), "o": out(w)}, lambda p, j, x, *_: dense(p, lstm(p["h"], affine(p["h"], x), j.H))),
    "lstm, layer norm": (lambda w: {"h": {**some(w, "h", "WUb"), **{n: some(w, f"h.{n}", ("gain", "bias")) for n in ("before", "below", "inside")}},
                                    "o": out(w)}, lstm_layer_norm),
    "lstm, peephole": (lambda w: {"h": {**gates(w, "h", "ifog"), **some(w, "h", ("vi", "vf", "vo"))}, "o": out(w)}, lstm_peephole),
    "mingru": (lambda w: {"h": {"W": np.concatenate([w["h.Wz"], w["h.Wg"]]).T, "b": np.concatenate([w["h.bz"], w["h.bg"]])}, "o": out(w)}, mingru),
    "output to hidden": (lambda w: {n: w[n].T for n in "UWbVc"}, fed_back),
    "output to hidden, teacher forced": (lambda w: {n: w[n].T for n in "UWbVc"}, forced),
    "lstm both ways, lengths differ": (lambda w: {"f": gates(w, "f", "ifog"), "b": gates(w, "b", "ifog"), "o": out(w)}, both_ways),
    "2 lstm, recurrent dropout": (lambda w: {"below": gates(w, "h.0", "ifog"), "above": gates(w, "h.1", "ifog"), "o": out(w)}, dropped),
}


def train(j):
    parameters, logits = CELLS[j.cell]
    p = jax.tree.map(jnp.array, parameters(j.w))
    m, v = (jax.tree.map(jnp.zeros_like, p) for _ in "mv")
    x, y = jnp.array(j.x), jnp.array(j.y, dtype=jnp.int32)
    seen = np.float32(np.arange(j.T)[:, None] < j.lengths)

    def loss_of(p, x, y, key, keep):
        log = jax.nn.log_softmax(logits(p, j, x, y, key, keep))
        return -(jnp.take_along_axis(log, y[:, :, None], 2)[:, :, 0] * seen).sum() / seen.sum()

    @functools.partial(jax.jit, donate_argnums=(0, 1, 2))
    def update(p, m, v, k, x, y, keep):
        loss, g = jax.value_and_grad(loss_of)(p, x, y, jax.random.key(k.astype(int)), keep)
        norm = jnp.sqrt(sum((a * a).sum() for a in jax.tree.leaves(g)))
        g = jax.tree.map(lambda a: a * jnp.minimum(1, 1 / norm), g)
        m = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, m, g)
        v = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, v, g)
        p = jax.tree.map(lambda p, m, v: p - 1e-3 * (m / (1 - 0.9 ** k)) / (jnp.sqrt(v / (1 - 0.999 ** k)) + 1e-8), p, m, v)
        return p, m, v, loss

    count, keep = 0, 1.0

    def step():
        nonlocal p, m, v, count
        count += 1
        p, m, v, loss = update(p, m, v, np.float32(count), x, y, np.float32(keep))
        return float(loss)

    check = [step() for _ in range(j.updates)]
    keep = 1 - DROP
    child.serve(step, check)


def forward(j):
    parameters, _ = CELLS[j.cell]
    p = jax.tree.map(jnp.array, parameters({**j.w, "o.W": np.zeros((1, 1)), "o.b": np.zeros(1)}))["h"]
    states = {"lstm": lambda p, x: lstm(p, affine(p, x), j.H), "gru": lambda p, x: gru_states(p, x, j.H)}[j.cell]
    run, x = jax.jit(states), jnp.array(j.x)
    child.serve(lambda: run(p, x).block_until_ready(), child.states(np.array(run(p, x))))


j = child.job()
train(j) if j.mode == "train" else forward(j)
