"""make_import.py FOLDER: the vectors of tests/import: weights as PyTorch and Keras save them, inputs and outputs.

Needs torch, keras (3, with torch as its backend), numpy, safetensors; the tests need none of them but numpy.
For each case NAME: NAME.safetensors or NAME.npz, the weights; NAME.data.npz: x, and y of the same layer. The models are
in models/. Keras multiplies float64 matrices as float32 where torch is below it, but for LSTM and GRU."""
import os
import sys

os.environ["KERAS_BACKEND"] = "torch"
import keras
import numpy as np
import torch
from safetensors.torch import save_file

folder = sys.argv[1]
N, T = 3, 7  # sequences, steps


def saved(name, data):
    np.savez(os.path.join(folder, name + ".data.npz"), **data)


# -- PyTorch -----------------------------------------------------------------------------------------------------------


def torch_case(name, module, x, npz=False, run=None):
    """The state_dict as it is, and the module's output for a batch that comes first."""
    module.eval()
    with torch.no_grad():
        for p in module.parameters():  # none of them as it begins: a LayerNorm's gain is not 1
            p.copy_(torch.randn(p.shape, dtype=p.dtype) * 0.4)
        y = run(module, x) if run else module(x)
    y = y[0] if isinstance(y, tuple) else y
    state = {k: v.contiguous() for k, v in module.state_dict().items()}
    if npz:
        np.savez(os.path.join(folder, name + ".npz"), **{k: v.numpy() for k, v in state.items()})
    else:
        save_file(state, os.path.join(folder, name + ".safetensors"))
    saved(name, {"x": x.numpy(), "y": y.numpy()})


class Tagger(torch.nn.Module):
    """Layers of equal sizes, so that only their order tells them apart."""

    def __init__(self):
        super().__init__()
        self.embed = torch.nn.Embedding(9, 4)
        self.body = torch.nn.LSTM(4, 4, num_layers=3, batch_first=True)
        self.norm = torch.nn.LayerNorm(4)
        self.head = torch.nn.Linear(4, 5)

    def forward(self, x):
        return self.head(self.norm(self.body(self.embed(x))[0]))


def run_cell(cell, x):
    """A cell step by step"""
    state, out = None, []
    for t in range(x.shape[1]):
        state = cell(x[:, t], state)
        out.append(state[0] if isinstance(state, tuple) else state)
    return torch.stack(out, 1)


def make_torch():
    torch.manual_seed(1)
    f64, f32 = torch.float64, torch.float32

    def x(n, dtype):
        return torch.randn(N, T, n, dtype=dtype)

    both = {"batch_first": True, "bidirectional": True, "num_layers": 2}
    torch_case("torch_lstm", torch.nn.LSTM(3, 4, **both, dtype=f64), x(3, f64))
    torch_case("torch_lstm_f32", torch.nn.LSTM(3, 4, **both, dtype=f32), x(3, f32), npz=True)
    torch_case("torch_gru", torch.nn.GRU(3, 4, **both, dtype=f64), x(3, f64), npz=True)
    torch_case("torch_gru_f32", torch.nn.GRU(3, 4, **both, dtype=f32), x(3, f32))
    torch_case("torch_rnn", torch.nn.RNN(3, 4, **both, dtype=f64), x(3, f64))
    torch_case("torch_rnn_f32", torch.nn.RNN(3, 4, **both, dtype=f32), x(3, f32))
    torch_case("torch_relu", torch.nn.RNN(3, 4, nonlinearity="relu", batch_first=True, dtype=f64), x(3, f64))
    torch_case("torch_no_bias", torch.nn.GRU(3, 4, bias=False, batch_first=True, dtype=f64), x(3, f64))
    torch_case("torch_projection", torch.nn.LSTM(3, 6, proj_size=2, batch_first=True, dtype=f64), x(3, f64))
    torch_case("torch_lstm_cell", torch.nn.LSTMCell(3, 4, dtype=f64), x(3, f64), run=run_cell)
    torch_case("torch_gru_cell", torch.nn.GRUCell(3, 4, dtype=f64), x(3, f64), run=run_cell)
    torch_case("torch_tagger", Tagger().double(), torch.randint(0, 9, (N, T)))


# -- Keras -------------------------------------------------------------------------------------------------------------


def keras_case(name, layers, x):
    """docs/commands.md's line that writes the weights, and the model's output."""
    rng = np.random.default_rng(len(name))
    model = keras.Sequential([keras.Input(x.shape[1:], dtype=x.dtype)] + layers)
    model.set_weights([rng.standard_normal(w.shape) * 0.4 for w in model.get_weights()])
    y = model(x).detach().cpu().numpy()
    np.savez(os.path.join(folder, name + ".npz"), **{v.path: keras.ops.convert_to_numpy(v) for v in model.weights})
    saved(name, {"x": x, "y": y})


def make_keras():
    L = keras.layers
    rng = np.random.default_rng(2)

    def x(n, dtype):
        return rng.standard_normal((N, T, n)).astype(dtype)

    def two(layer, **more):
        return [L.Bidirectional(layer(4, return_sequences=True, **more)) for _ in range(2)]

    for dtype, end in (("float64", ""), ("float32", "_f32")):
        keras.config.set_floatx(dtype)
        keras.config.set_dtype_policy(dtype)
        keras_case("keras_lstm" + end, two(L.LSTM), x(3, dtype))
        keras_case("keras_gru" + end, two(L.GRU), x(3, dtype))
        keras_case("keras_rnn" + end, two(L.SimpleRNN), x(3, dtype))
    keras.config.set_floatx("float64")
    keras.config.set_dtype_policy("float64")
    keras_case("keras_gru_v1", two(L.GRU, reset_after=False), x(3, "float64"))
    keras_case("keras_relu", [L.SimpleRNN(4, activation="relu", return_sequences=True)], x(3, "float64"))
    keras_case("keras_no_bias", [L.LSTM(4, use_bias=False, return_sequences=True)], x(3, "float64"))
    keras_case("keras_gru_no_bias", [L.GRU(4, use_bias=False, return_sequences=True)], x(3, "float64"))
    keras_case("keras_tagger",
               [L.Embedding(9, 4), L.LSTM(6, return_sequences=True), L.LSTM(4, return_sequences=True), L.LayerNormalization(), L.Dense(5)],
               rng.integers(0, 9, (N, T)).astype("int32"))


make_torch()
make_keras()
