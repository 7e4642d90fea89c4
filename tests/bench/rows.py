"""rows.py: what is measured. Models first, then the rows of each table; a row is one line here, and so is a model.

B sequences of T steps of I numbers, H units; the output layer and its loss are over CLASSES symbols."""
from collections import namedtuple

CLASSES = 32
Row = namedtuple("Row", "cell B T I H")

# cells: definitions in front of the model; body: its equations, which define o[t]; flops: work(..) of it;
# own: not one of the cells that libraries have kernels for; lengths: sequences of T / 2 to T steps; scaled: weights that begin at so many
# times rnnc's value
Model = namedtuple("Model", "body flops own cells lengths scaled", defaults=(False, "", False, {}))


def work(gates, layers=1, before=None, width=1):
    """Multiplications and additions of a training step: a scan (forward, backward and weights of U; forward and weights of W, which has no
    adjoint of x in the first layer), and the output layer."""
    def count(B, T, I, H):  # noqa: E741
        scan = sum(2 * B * T * gates * H * ((2 * I if k == 0 else 3 * H) + 3 * (H if before is None else before)) for k in range(layers))
        return width * scan + 6 * B * T * width * H * CLASSES
    return count


def one(use):
    return f"  h[t] = {use}(x[t])\n  o[t] = dense({CLASSES})(h[t])\n"


# The equations of lstm; what stands before is dropped by one mask a sequence. While losses are compared, DROP is 0.
DROPPED = """cell dropped(n, p) {
  input  x[t]
  output h[t] : real[n]
  noise  r : real[n] ~ bernoulli(1 - p)

  s[t] = r * h[t-1] / (1 - p)
  i[t] = sigmoid(Wi @ x[t] + Ui @ s[t] + bi)
  f[t] = sigmoid(Wf @ x[t] + Uf @ s[t] + bf)
  o[t] = sigmoid(Wo @ x[t] + Uo @ s[t] + bo)
  g[t] =    tanh(Wg @ x[t] + Ug @ s[t] + bg)
  c[t] = f[t] * c[t-1] + i[t] * g[t]
  h[t] = o[t] * tanh(c[t])
}
"""
FED_BACK = "  h[t] = tanh(W @ {o}[t-1] + U @ x[t] + b)\n  o[t] = V @ h[t] + c\n  param U : real[{{H}}, {{I}}]\n"

MODELS = {
    "elman": Model(one("elman({H})"), work(1)),
    "gru": Model(one("gru({H})"), work(3)),
    "lstm": Model(one("lstm({H})"), work(4)),
    # normalising a small state to variance 1 makes the gradients explode: rounding alone moves the second loss by 1e-3
    "lstm, layer norm": Model(one("lstm_layer_norm({H})"), work(4), own=True, scaled={"h.before.gain": 0.1}),
    "lstm, peephole": Model(one("lstm_peephole({H})"), work(4), own=True),
    "mingru": Model(one("mingru({H})"), work(2, before=0), own=True),
    "output to hidden": Model(FED_BACK.format(o="o"), work(1, before=CLASSES), own=True),
    "output to hidden, teacher forced": Model(FED_BACK.format(o="y"), work(1, before=0), own=True),
    "lstm both ways, lengths differ": Model(
        f"  f[t] = lstm({{H}})(x[t])\n  b[t] = reverse lstm({{H}})(x[t])\n  o[t] = dense({CLASSES})(concat(f[t], b[t]))\n",
        work(4, width=2), own=True, lengths=True),
    "2 lstm, recurrent dropout": Model(one("stack(2, dropped({H}, {DROP}))"), work(4, layers=2), own=True, cells=DROPPED),
}
DROP = 0.25


def shapes(cell, *sizes):
    return [Row(cell, *size) for size in sizes]


SMALL, MIDDLE, LARGE = (32, 100, 64, 64), (32, 100, 128, 256), (64, 128, 512, 512)

TRAIN = [
    *shapes("elman", SMALL, MIDDLE, LARGE),
    *shapes("gru", SMALL, MIDDLE, LARGE),
    *shapes("lstm", SMALL, MIDDLE, LARGE, (1, 200, 64, 128), (128, 50, 32, 32)),
    *shapes("lstm, layer norm", SMALL, MIDDLE),
    *shapes("lstm, peephole", SMALL, MIDDLE),
    *shapes("mingru", SMALL, MIDDLE),
    *shapes("output to hidden", SMALL, MIDDLE),
    *shapes("output to hidden, teacher forced", SMALL, MIDDLE),
    *shapes("lstm both ways, lengths differ", SMALL, MIDDLE),
    *shapes("2 lstm, recurrent dropout", SMALL, MIDDLE),
]
FORWARD = [Row(cell, B, 100, H, H) for cell in ("lstm", "gru") for B in (1, 32) for H in (64, 256, 512)]
STEP = [Row(cell, 1, 100, 64, H) for cell in ("lstm", "gru") for H in (32, 64, 128, 256)]
GROWTH = [Row("lstm", 32, T, 128, 256) for T in (50, 100, 200, 400, 800)]
START = [Row("lstm", *SMALL), Row("lstm, layer norm", *SMALL)]
TABLES = {"train": TRAIN, "forward": FORWARD, "step": STEP}  # those that compare row by row


def operations(row):
    """Of a training step; a batch of different lengths has three quarters of the steps."""
    model = MODELS[row.cell]
    return model.flops(*row[1:]) * (0.75 if model.lengths else 1)


def spared_mb(row):
    """What a row of GROWTH gets with --memory: weights, gradients and Adam's two, and for each step a quarter of oneDNN's 0.52 MB."""
    return 4 * 4 * 4 * row.H * (row.I + row.H) / 1e6 + 0.13 * row.T


def model_text(row, mode, drop=DROP):
    """Source of the row's model: for training with loss and target, else with the state as its output."""
    model = MODELS[row.cell]
    sizes = {"I": row.I, "H": row.H, "DROP": drop}
    if mode == "train":
        draw = f"  target y[t] : token[{CLASSES}]\n{model.body.format(**sizes)}  y[t] ~ categorical(o[t])\n"
    else:
        draw = "  output h[t]\n" + model.body.splitlines()[0].format(**sizes) + "\n"
    return f"{model.cells}model bench {{\n  input  x[t] : real[{row.I}]\n{draw}}}\n"
