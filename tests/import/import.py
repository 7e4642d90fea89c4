"""import.py RNNC: rnnc import on weights that PyTorch and Keras saved (vectors/, made by make_import.py): the outputs of the
imported model are theirs to 1e-6, in the precision that the weights are saved in; what does not fit is refused.

Needs: numpy; neither PyTorch nor Keras. Leaves: nothing."""
import json
import os
import shutil
import struct
import subprocess
import sys
import tempfile

import numpy as np

here = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(here, ".."))
from counted import check as expect, finish  # noqa: E402
import weights as safetensors  # noqa: E402

rnnc = os.path.abspath(sys.argv[1])
vectors = os.path.join(here, "vectors")
BOUND = 1e-6


def run(*words):
    done = subprocess.run([rnnc, *words], capture_output=True, text=True)
    return done.returncode, done.stdout, done.stderr


def model(name):
    return os.path.join(here, "models", name + ".rnn")


def vector(name):
    for end in (".safetensors", ".npz"):
        if os.path.exists(os.path.join(vectors, name + end)):
            return os.path.join(vectors, name + end)


# -- outputs -----------------------------------------------------------------------------------------------------------

# vectors, model, more options, what the mapping says
CASES = [
    ("torch_lstm", "lstm", [], ["weight_ih_l1_reverse [16, 8] -> y.1.b.Wo [4, 8]: rows 13 to 16",
                                "bias_ih_l0 [16] + bias_hh_l0 [16] -> y.0.f.bg [4]: elements 9 to 12, summed"]),
    ("torch_lstm_f32", "lstm", [], ["(PyTorch)"]),
    ("torch_gru", "gru", [], ["weight_hh_l0 [12, 4] -> y.0.f.Uz [4, 4]: rows 5 to 8", "bias_ih_l0 [12] -> y.0.f.bn [4]: elements 9 to 12",
                              "bias_hh_l0 [12] -> y.0.f.cn [4]: elements 9 to 12"]),
    ("torch_gru_f32", "gru", [], []),
    ("torch_rnn", "rnn", [], ["does not say whether the layer is of tanh or relu; elman is of tanh"]),
    ("torch_rnn_f32", "rnn", [], []),
    ("torch_relu", "relu", [], ["irnn is of relu"]),
    ("torch_no_bias", "one_gru", [], ["0 -> y.cn [4]: the layer has no bias"]),
    ("torch_projection", "projection", [], ["weight_hr_l0 [2, 6] -> y.V [2, 6]", "0 -> y.vi [6]: the layer has nothing of this kind"]),
    ("torch_lstm_cell", "one_lstm", [], ["weight_ih [16, 3] -> y.Wi [4, 3]: rows 1 to 4"]),
    ("torch_gru_cell", "one_gru", [], []),
    ("torch_tagger", "tagger", [], ["embed.weight [9, 4] -> e.E [4, 9]: transposed", "body.l2 (LSTM, 4 units of 4 inputs) -> h.2 (lstm)"]),
    ("torch_tagger", "raw_tagger", ["--map", "V=head.weight'", "--map", "b=head.bias"], ["head.weight [5, 4] -> V [4, 5]: transposed"]),
    ("torch_lstm_cell", "own_lstm", ["--map", "y=."], ["a cell of your own; taken as lstm because --map says so"]),
    ("keras_lstm", "lstm", [], ["forward_lstm/lstm_cell/kernel [3, 16] -> y.0.f.Wg [4, 3]: transposed, columns 9 to 12", "(Keras)"]),
    ("keras_lstm_f32", "lstm", [], []),
    ("keras_gru", "gru", [], ["-> y.0.f.Wz [4, 3]: transposed, columns 1 to 4", "-> y.0.f.bz [4]: elements 1 to 4 of both rows, summed",
                              "-> y.0.f.cn [4]: elements 9 to 12 of row 2"]),
    ("keras_gru_f32", "gru", [], []),
    ("keras_rnn", "rnn", [], []),
    ("keras_rnn_f32", "rnn", [], []),
    ("keras_gru_v1", "gru_v1", [], ["reset before the product"]),
    ("keras_relu", "relu", [], []),
    ("keras_no_bias", "one_lstm", [], ["0 -> y.bf [4]: the layer has no bias"]),
    ("keras_gru_no_bias", "one_gru", ["--map", "y=sequential_9/gru_6"], []),
    ("keras_tagger", "keras_tagger", [], ["Keras's usual one is 1e-3, in a model layer_norm(eps = 1e-3)"]),
]


def outputs(name, of, options, says):
    code, out, err = run("import", vector(name), "--into", model(of), "-o", "w.safetensors", *options)
    title = f"{name} into {of}"
    if not expect(title, code == 0, err):
        return
    for text in says:
        expect(f"{title} says '{text}'", text in out, out[:2000])
    data = np.load(os.path.join(vectors, name + ".data.npz"))
    np.savez("x.npz", x=data["x"])
    precision = "f32" if data["y"].dtype == np.float32 else "f64"
    code, _, err = run("run", model(of), "forward", "--data", "x.npz", "--weights", "w.safetensors", "--out", "y.npz", "--precision", precision)
    if not expect(f"{title}: forward", code == 0, err):
        return
    far = np.abs(np.load("y.npz")["y"].astype(np.float64) - data["y"]).max()
    worst[precision] = max(worst[precision], far)
    expect(f"{title}: outputs", far <= BOUND, f"differ by {far:.3g}")


# -- what is refused ---------------------------------------------------------------------------------------------------


def refuses(name, code, says, *words):
    """Nothing written, nothing on standard output, this exit code, these words on standard error."""
    if os.path.exists("no.safetensors"):
        os.remove("no.safetensors")
    got, out, err = run("import", *words, "-o", "no.safetensors")
    expect(f"{name} is refused", got == code, f"exit code {got}: {err}")
    expect(f"{name} writes nothing", not os.path.exists("no.safetensors") and not out, out)
    for text in says:
        expect(f"{name} says '{text}'", text in err, err)


def changed(name, change):
    """The safetensors vector with tensors changed"""
    tensors = dict(safetensors.load_file(vector(name)))
    tensors = {k: np.array(v) for k, v in tensors.items()}
    change(tensors)
    safetensors.save_file(tensors, "changed.safetensors")
    return "changed.safetensors"


def with_dtype(path, dtype, size):
    """The same file, whose first tensor is said to be of another type of that size"""
    head, data = read_parts(path)
    first = next(k for k in head if k != "__metadata__")
    head[first]["dtype"] = dtype
    write_parts("changed.safetensors", head, data)
    return "changed.safetensors"


def read_parts(path):
    with open(path, "rb") as f:
        (n,) = struct.unpack("<Q", f.read(8))
        return json.loads(f.read(n)), f.read()


def write_parts(path, head, data):
    text = json.dumps(head).encode()
    with open(path, "wb") as f:
        f.write(struct.pack("<Q", len(text)) + text + data)


def set_nan(t):
    t["weight_hh_l1"][2, 1] = np.nan


def bad_files():
    lstm = model("lstm")
    whole = open(vector("torch_lstm"), "rb").read()
    for cut in (4, 40, len(whole) // 2, len(whole) - 1):
        with open("cut.safetensors", "wb") as f:
            f.write(whole[:cut])
        refuses(f"a file cut at {cut} bytes", 3, ["cut.safetensors"], "cut.safetensors", "--into", lstm)
    whole = open(vector("keras_lstm"), "rb").read()
    with open("cut.npz", "wb") as f:
        f.write(whole[: len(whole) // 2])
    refuses("an .npz cut in half", 3, ["cut.npz"], "cut.npz", "--into", lstm)
    refuses("a missing file", 3, ["nowhere.npz"], "nowhere.npz", "--into", lstm)
    refuses("whole numbers", 3, ["holds int64", "floating-point"], with_dtype(vector("torch_lstm"), "I64", 8), "--into", lstm)
    refuses("not a number", 3, ["weight_hh_l1 holds a value that is not finite", "element 9"], changed("torch_lstm", set_nan), "--into", lstm)
    refuses("a missing tensor", 3, ["layer l1 has no weight_hh"], changed("torch_lstm", lambda t: t.pop("weight_hh_l1")), "--into", lstm)
    refuses("a missing bias", 3, ["l0_reverse has no bias_hh"], changed("torch_lstm", lambda t: t.pop("bias_hh_l0_reverse")), "--into", lstm)
    refuses("a missing layer", 3, ["has nothing for y.1.b"],
            changed("torch_lstm", lambda t: [t.pop(k) for k in list(t) if k.endswith("l1_reverse")]), "--into", lstm)
    refuses("a tensor of another shape", 3, ["bias_hh_l0 is [15]", "need [16]"],
            changed("torch_lstm", lambda t: t.update(bias_hh_l0=np.zeros(15))), "--into", lstm)
    refuses("a tensor too many in a layer", 3, ["lstm has no place for m.weight"],
            changed("torch_lstm_cell", lambda t: [t.update({"m." + k: t.pop(k)}) for k in list(t)] + [t.update({"m.weight": np.zeros(4)})]),
            "--into", model("one_lstm"))
    refuses("a BatchNorm into layer_norm", 3, ["layer_norm has no place for norm.running_mean"],
            changed("torch_tagger", lambda t: t.update({"norm.running_mean": np.zeros(4)})), "--into", model("tagger"))
    more = changed("torch_lstm", lambda t: t.update({"head.weight": np.zeros((2, 8)), "h0": np.zeros(4)}))
    refuses("a layer too many", 3, ["left over", "head (weight [2, 8])", "h0 [4]", "--ignore"], more, "--into", lstm)
    code, _, err = run("import", more, "--into", lstm, "--dry-run", "--ignore", "head.*", "--ignore", "h?")
    expect("what is left out by --ignore", code == 0, err)
    for end, says in ((".pt", "save_file(model.state_dict()"), (".pth", "save_file"), (".h5", "numpy.savez"), (".keras", "v.path")):
        open("weights" + end, "w").close()
        refuses(f"a file {end}", 3, ["is not read", says], "weights" + end, "--into", lstm)


def wrong_models():
    torch, keras, v1 = vector("torch_gru"), vector("keras_gru"), vector("keras_gru_v1")
    refuses("PyTorch's GRU into gru_v1", 3, ["gru_v1's reset gate acts before", "y.0.f"], torch, "--into", model("gru_v1"))
    refuses("Keras's reset_after into gru_v1", 3, ["gru_v1's reset gate acts before"], keras, "--into", model("gru_v1"))
    refuses("Keras's reset before into gru", 3, ["gru's reset gate acts behind"], v1, "--into", model("gru"))
    refuses("--map of it", 3, ["gru's reset gate acts behind"], v1, "--into", model("gru"), "--map", "y.0.f=sequential_6/bidirectional_12/forward_gru_4")
    for of in ("one_gru", "one_gru_v1"):
        refuses(f"a GRU without biases into {of}", 3, ["does not say whether its reset gate", "--map"], vector("keras_gru_no_bias"), "--into", model(of))
    refuses("an LSTM into a GRU", 3, ["has nothing for y.0.f (gru)", "left over"], vector("torch_lstm"), "--into", model("gru"))
    refuses("one direction of two", 3, ["left over", "l0_reverse"], vector("torch_gru"), "--into", model("one_gru"))
    refuses("other sizes", 3, ["weight_ih_l0 is [12, 3], y.Wr of the model is [5, 3] for each of 3 gates"], vector("torch_no_bias"),
            "--into", model("five"))
    refuses("a cell of one's own", 3, ["a cell of your own", "--map 'y=.'"], vector("torch_lstm_cell"), "--into", model("own_lstm"))
    refuses("layers that fit each other's place", 3, ["more than one assignment fits", "--map 'f=a.l0'", "--map 'f=b.l0'"],
            changed("torch_no_bias", two_of_it), "--into", model("two"))
    code, out, err = run("import", "changed.safetensors", "--into", model("two"), "--map", "f=b", "--dry-run")
    expect("two layers by --map", code == 0 and "b.l0 (GRU" in out.split("-> f")[0] and "a.l0 (GRU" in out, out + err)


def two_of_it(t):
    one = dict(t)
    t.clear()
    for name in "ab":
        t.update({f"{name}.{k}": v for k, v in one.items()})


def other_forms():
    """Keras 2's names, columns first, half precision: the same mapping"""
    data = dict(np.load(vector("keras_gru_f32")))
    base = [line for line in run("import", vector("keras_gru_f32"), "--into", model("gru"), "-o", "a.safetensors")[1].splitlines()[1:]]
    np.savez("names.npz", **{k + ":0": np.asfortranarray(v) for k, v in data.items()})
    code, out, err = run("import", "names.npz", "--into", model("gru"), "-o", "b.safetensors")
    expect("Keras's older names", code == 0 and [line.replace(":0", "") for line in out.splitlines()[1:]] == base, out + err)
    expect("columns first", open("a.safetensors", "rb").read() == open("b.safetensors", "rb").read(), "other values")
    np.savez("half.npz", **{k: v.astype(np.float16) for k, v in data.items()})
    code, _, err = run("import", "half.npz", "--into", model("gru"), "-o", "b.safetensors")
    a, b = safetensors.load_file("a.safetensors"), safetensors.load_file("b.safetensors")
    far = max(np.abs(a[k] - b[k]).max() for k in a)
    expect("half precision", code == 0 and 0 < far < 2e-3 and b["y.0.f.Wr"].dtype == np.float32, f"{err} {far}")
    head, _ = read_parts("a.safetensors")
    expect("metadata", head["__metadata__"]["rnnc.model"] == "bidirectional_gru", head["__metadata__"])


def wrong_words():
    file, of = vector("torch_gru"), model("gru")
    refuses("no --into", 2, ["--into"], file)
    refuses("--map without =", 2, ["OURS=THEIRS"], file, "--into", of, "--map", "y.0.f")
    refuses("--map of nothing", 2, ["has no 'y.0.g'; did you mean 'y.0.f'?"], file, "--into", of, "--map", "y.0.g=l0")
    refuses("--map to nothing", 2, ["has no 'l0_revers'; did you mean 'l0_reverse'?"], file, "--into", of, "--map", "y.0.b=l0_revers")
    refuses("--ignore of nothing", 2, ["has no tensor of that name"], file, "--into", of, "--ignore", "head*")
    refuses("--from of another", 3, ["has nothing for"], file, "--into", of, "--from", "keras")
    np.savez("odd.npz", a=np.zeros(3))
    refuses("names of neither", 3, ["no names of PyTorch", "--from"], "odd.npz", "--into", of)
    np.savez("odd.npz", **{"a/kernel": np.zeros((2, 2)), "b.weight": np.zeros((2, 2))})
    refuses("names of both", 3, ["of PyTorch ('b.weight')", "of Keras ('a/kernel')"], "odd.npz", "--into", of)
    code, _, err = run("import", file, "--into", of)
    expect("neither -o nor --dry-run", code == 2 and "--dry-run" in err, err)


worst = {"f32": 0.0, "f64": 0.0}
folder = tempfile.mkdtemp()
os.chdir(folder)
try:
    for case in CASES:
        outputs(*case)
    bad_files()
    wrong_models()
    other_forms()
    wrong_words()
finally:
    os.chdir(here)
    shutil.rmtree(folder)
print("largest difference of outputs: " + ", ".join(f"{k} {v:.2g}" for k, v in worst.items()))
finish()
