"""step.py BUILD_DIR RNNC: the streaming step of each model in models/ against `rnnc run forward` on the same data, in both precisions.

The step's object is made a shared library by cc, which fails if it needs anything, and called through ctypes. For each sequence: step
by step from a fresh state, and behind the end of a model that looks ahead as many steps without inputs; then a copy of the state in
mid-sequence continued twice; then the first state again, reset. Steps of many sequences at once against single ones, bit for bit.
The last line is `N passed, M failed`."""
import ctypes
import json
import os
import struct
import subprocess
import sys
import tempfile
import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))
SEQUENCES, STEPS = 3, 9


def shell(*command):
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(" ".join(command) + "\n" + done.stdout + done.stderr)
    return done.stdout


def save_tensors(path, tensors):
    """safetensors: eight bytes with the header's length, JSON, data."""
    head, blob = {}, b""
    for name, a in tensors.items():
        head[name] = {"dtype": "F64", "shape": list(a.shape), "data_offsets": [len(blob), len(blob) + a.nbytes]}
        blob += np.ascontiguousarray(a).tobytes()
    text = json.dumps(head).encode()
    with open(path, "wb") as f:
        f.write(struct.pack("<Q", len(text)) + text + blob)


class Model:
    def __init__(self, rnnc, path, precision, folder, level="2"):
        self.path, self.precision, self.rnnc, self.folder = path, precision, rnnc, folder
        self.real = np.float64 if precision == "f64" else np.float32
        options = ["--precision", precision, "-O", level]
        self.about = json.loads(shell(rnnc, "--emit=json", *options, path))
        self.name, self.step = self.about["name"], self.about["step"]
        if "refused" in self.step:
            raise RuntimeError("no step: " + self.step["refused"])
        stem = os.path.join(folder, f"{self.name}_{precision}")
        shell(rnnc, "-c", "--inference", *options, path, "-o", stem + ".o")
        needed = shell("nm", "-u", stem + ".o").split()
        if needed:
            raise RuntimeError("the object needs " + " ".join(needed))
        shell(os.environ.get("CC", "cc"), "-shared", stem + ".o", "-o", stem + ".so")
        self.entry = getattr(ctypes.CDLL(stem + ".so"), self.name + "_step_entry")
        self.entry.restype = None
        self.many = getattr(ctypes.CDLL(stem + ".so"), self.name + "_many_entry", None)

    def random(self, rng):
        self.weights = {p["name"]: rng.normal(0, 0.5, p["shape"]) for p in self.about["params"]}
        self.block = np.zeros(self.about["param_count"], self.real)
        for p in self.about["params"]:
            flat = self.weights[p["name"]].astype(self.real).ravel()
            self.block[p["offset"]:p["offset"] + flat.size] = flat
        self.data = {}
        for i in self.about["inputs"]:
            shape = [SEQUENCES] + ([STEPS] if i["time"] else [])
            if i["type"] == "token":
                self.data[i["name"]] = rng.integers(0, i["shape"][0], shape).astype(np.int32)
            else:
                self.data[i["name"]] = rng.normal(0, 1, shape + i["shape"]).astype(self.real)

    def forward(self):
        stem = os.path.join(self.folder, self.name)
        np.savez(stem + "_in.npz", **self.data)
        save_tensors(stem + ".safetensors", self.weights)
        shell(self.rnnc, "run", self.path, "forward", "--precision", self.precision, "--data", stem + "_in.npz", "--weights",
              stem + ".safetensors", "--out", stem + "_out.npz")
        return np.load(stem + "_out.npz")

    def new_state(self):
        return np.append(np.zeros(self.step["state_bytes"] // 8), np.full(8, 77.0))   # with a guard behind it

    def given(self, port, sequence, t, garbage):
        """What a port of a step is given; garbage is what a feedback gets before the first, which must not matter."""
        about = next(i for i in self.about["inputs"] if i["name"] == port["name"])
        array, at = self.data[port["name"]][sequence], t
        if port["name"] in self.step["feedback"]:
            at = t - 1
        value = array[min(at, STEPS - 1)] if about["time"] else array
        if at >= STEPS and about["time"]:               # none any more
            value = np.full_like(value, -1 if about["type"] == "token" else 0)
        if at < 0:
            value = np.full_like(value, garbage)
        return np.ascontiguousarray(value).reshape(-1).copy()

    def run_many(self, states, places):
        """One step of each of many sequences: states [n, bytes / 8], places: (sequence, t) of each."""
        n, guard = len(places), np.full(8, 77, self.real)
        ins = [np.concatenate([self.given(port, s, t, 0) for s, t in places]) for port in self.step["inputs"]]
        outs = [np.concatenate([np.zeros(port["count"] * n, self.real), guard]) for port in self.step["outputs"]]
        table = lambda list_: (ctypes.c_void_p * max(1, len(list_)))(*[a.ctypes.data for a in list_])
        self.many(ctypes.c_void_p(self.block.ctypes.data), ctypes.c_void_p(states.ctypes.data), ctypes.c_int64(n), table(ins), table(outs))
        if any(not (a[-8:] == 77).all() for a in outs):
            raise RuntimeError("many: written behind the end of an output")
        return {p["name"]: a[:-8].reshape(n, p["count"]) for p, a in zip(self.step["outputs"], outs)}

    def run(self, state, sequence, t, garbage):
        """One step; from t = STEPS on one that flushes."""
        state.view(np.int64)[2] += t >= STEPS
        ins, outs, keep = [], [], []
        for port in self.step["inputs"]:
            keep.append(self.given(port, sequence, t, garbage))
            ins.append(keep[-1].ctypes.data)
        for port in self.step["outputs"]:
            # a guard behind each output
            keep.append(np.full(port["count"] + 8, 77, self.real))
            outs.append(keep[-1].ctypes.data)
        table = lambda list_: (ctypes.c_void_p * max(1, len(list_)))(*list_)
        self.entry(ctypes.c_void_p(self.block.ctypes.data), ctypes.c_void_p(state.ctypes.data), table(ins), table(outs))
        if not (state[-8:] == 77).all():
            raise RuntimeError("written behind the end of the state")
        got = keep[len(ins):]
        for port, a in zip(self.step["outputs"], got):
            if not (a[port["count"]:] == 77).all():
                raise RuntimeError("written behind the end of " + port["name"])
        return {p["name"]: a[:p["count"]] for p, a in zip(self.step["outputs"], got)}


def compare_many(model):
    """Steps of many sequences, at different places of theirs, have the bits of single steps, and so have their states."""
    words = model.step["state_bytes"] // 8
    for n in (1, 2, 3, 4, 5, 7, 16, 19, 36):
        states = np.zeros(n * words + 8)
        states[-8:] = 77
        alone = [model.new_state() for _ in range(n)]
        for i in range(n):
            alone[i][:-8] = 0
            for t in range(i % 4):                      # some have begun
                model.run(alone[i], i % SEQUENCES, t, 0)
            states[i * words:(i + 1) * words] = alone[i][:-8]
        for step in range(4):
            places = [(i % SEQUENCES, i % 4 + step) for i in range(n)]
            got = model.run_many(states, places)
            for i, (s, t) in enumerate(places):
                want = model.run(alone[i], s, t, 0)
                for name in want:
                    if not np.array_equal(want[name], got[name][i]):
                        raise RuntimeError(f"many: {name} of sequence {i} of {n}, step {step}: {got[name][i]} instead of {want[name]}")
        for i in range(n):
            kept = slice(0, words)
            if not np.array_equal(states[i * words:(i + 1) * words], alone[i][kept], equal_nan=True):
                compare_states(model, states, alone, n)
                break
        if not (states[-8:] == 77).all():
            raise RuntimeError("many: written behind the states")


def compare_states(model, states, alone, n):
    """Rooms for values between products may hold others: what counts is that single steps go on from these states alike."""
    words = model.step["state_bytes"] // 8
    for i in range(n):
        went_on = np.append(states[i * words:(i + 1) * words].copy(), np.full(8, 77.0))
        for t in range(4, STEPS):
            a, b = model.run(went_on, i % SEQUENCES, t, 0), model.run(alone[i], i % SEQUENCES, t, 0)
            for name in a:
                if not np.array_equal(a[name], b[name]):
                    raise RuntimeError(f"many: single steps go on with {name} {a[name]} instead of {b[name]}")


def compare(model, expected, tolerance=None):
    tolerance = tolerance or (1e-11 if model.precision == "f64" else 2e-4)
    outputs = {o["name"]: o for o in model.about["outputs"]}
    state = model.new_state()

    late = model.step["latency"]

    def same(got, sequence, t, what):
        t -= late                                       # the outputs' own
        for name, value in got.items() if t >= 0 else []:
            want, about = expected[name], outputs[name]
            if want.ndim > len(about["shape"]):         # what depends on parameters alone comes once
                want = want[sequence]
            want = (want[t] if about["time"] and want.ndim > len(about["shape"]) else want).ravel().astype(np.float64)
            off = np.abs(value.astype(np.float64) - want) / (1 + np.abs(want))
            if not off.max(initial=0) <= tolerance:
                raise RuntimeError(f"{what}: {name} at t = {t + 1} of sequence {sequence}: {value} instead of {want}")

    for sequence in range(SEQUENCES):
        state[:-8] = 0
        first = []
        for t in range(STEPS + late):
            if t == STEPS // 2:
                snapshot = state.copy()
            got = model.run(state, sequence, t, 0)
            same(got, sequence, t, "step")
            first.append(got)
        for _ in range(2):
            again = snapshot.copy()
            for t in range(STEPS // 2, STEPS + late):
                got = model.run(again, sequence, t, 0)
                for name in got:
                    if not np.array_equal(got[name], first[t][name]):
                        raise RuntimeError(f"snapshot: {name} at t = {t + 1}: {got[name]} instead of {first[t][name]}")
    if model.many:
        compare_many(model)
    # what a feedback is given before the first step must not matter
    state[:-8] = 0
    same(model.run(state, 0, 0, 3), 0, 0, "what came before the first step")


def main():
    rnnc = os.path.abspath(sys.argv[2])
    only = sys.argv[3:]
    passed = failed = 0
    with tempfile.TemporaryDirectory() as folder:
        for name in sorted(os.listdir(os.path.join(HERE, "models"))):
            if only and name[:-4] not in only:
                continue
            for precision, level in [("f64", "2"), ("f32", "2"), ("f64", "0"), ("f32", "3")]:
                path = os.path.join(HERE, "models", name)
                try:
                    model = Model(rnnc, path, precision, os.path.join(folder), level)
                    model.random(np.random.default_rng(5))
                    compare(model, model.forward())
                    passed += 1
                except Exception as error:
                    failed += 1
                    print(f"FAILED: {name} {precision} -O{level}: {str(error)[:600]}")
    print(f"{passed} passed, {failed} failed")
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
