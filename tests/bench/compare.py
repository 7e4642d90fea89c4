"""compare.py: a training step of an LSTM with 256 units by rnnc and by PyTorch's nn.LSTM, in turn, one thread each.

  pip install torch; python3 compare.py [--rnnc PATH] [--rounds N] [--seconds S] [--batch B] [--length T] [--input I] [--units H] [--threads N]

The same work on both sides: forward, categorical loss over 32 classes, back-propagation through time, clipping by the global norm,
Adam's update, on one fixed random batch in f32. First the losses of three updates from the same weights must agree to 1e-5. Not part of the
test suite's verdict: it says how fast, not whether right."""
import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import numpy as np

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import weights  # noqa: E402

CLASSES = 32
MODEL = """model bench {{
  input  x[t] : real[{input}]
  target y[t] : token[%d]
  h[t] = lstm({units})(x[t])
  o[t] = dense(%d)(h[t])
  y[t] ~ categorical(o[t])
}}
""" % (CLASSES, CLASSES)


def torch_model(a):
    import torch
    torch.set_num_threads(a.threads)
    torch.manual_seed(0)
    lstm, out = torch.nn.LSTM(a.input, a.units), torch.nn.Linear(a.units, CLASSES)
    params = list(lstm.parameters()) + list(out.parameters())
    with torch.no_grad():
        lstm.bias_hh_l0.zero_()  # one bias, as in the equations
    lstm.bias_hh_l0.requires_grad_(False)
    params = [p for p in params if p.requires_grad]
    adam = torch.optim.Adam(params, lr=1e-3, fused=True)
    x = torch.randn(a.length, a.batch, a.input)
    y = torch.randint(0, CLASSES, (a.length, a.batch))

    def step():
        adam.zero_grad()
        h, _ = lstm(x)
        loss = torch.nn.functional.cross_entropy(out(h).reshape(-1, CLASSES), y.reshape(-1))
        loss.backward()
        torch.nn.utils.clip_grad_norm_(params, 1.0)
        adam.step()
        return loss

    return lstm, out, x, y, step


def torch_side(a):
    """Prints the median time of a step over the given seconds."""
    import time
    *_, step = torch_model(a)
    for _ in range(2):
        step()
    times, end = [], time.perf_counter() + a.seconds
    while time.perf_counter() < end:
        start = time.perf_counter()
        step()
        times.append(time.perf_counter() - start)
    print(json.dumps({"median_s": statistics.median(times)}))


def check_losses(a, folder):
    lstm, out, x, y, step = torch_model(a)
    wi, wh, b = (p.detach().numpy() for p in (lstm.weight_ih_l0, lstm.weight_hh_l0, lstm.bias_ih_l0))
    params = {}
    for k, gate in enumerate("ifgo"):  # PyTorch's order of gates
        rows = slice(k * a.units, (k + 1) * a.units)
        params.update({f"h.W{gate}": wi[rows], f"h.U{gate}": wh[rows], f"h.b{gate}": b[rows]})
    params.update({"o.W": out.weight.detach().numpy(), "o.b": out.bias.detach().numpy()})
    weights.save_file(params, f"{folder}/w.safetensors")
    np.savez(f"{folder}/d.npz", x=np.moveaxis(x.numpy(), 0, 1), y=np.moveaxis(y.numpy(), 0, 1))
    want = [float(step().detach()) for _ in range(3)]
    sets = ["optimizer=adam(rate = 1e-3)", "clip=norm(1.0)", f"batch={a.batch}", "shuffle=false", "validate=0"]
    subprocess.run([a.rnnc, "run", f"{folder}/m.rnn", "train", "--data", f"{folder}/d.npz", "--weights", f"{folder}/w.safetensors", "--steps", "3",
                    "--trace", f"{folder}/t.npz", "--out", f"{folder}/o.safetensors", *[w for s in sets for w in ("--set", s)]],
                   check=True, stderr=subprocess.DEVNULL, cwd=folder)
    with np.load(f"{folder}/t.npz") as trace:
        got = trace["loss"] if "loss" in trace.files else trace["losses"]
    print("losses of three updates: rnnc " + " ".join(f"{g:.6f}" for g in got) + ", PyTorch " + " ".join(f"{w:.6f}" for w in want))
    if max(abs(g - w) for g, w in zip(got, want)) > 1e-5:
        sys.exit("the losses differ by more than 1e-5: not the same work")


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--rnnc", default="build/rnnc")
    p.add_argument("--side", choices=["torch"], help=argparse.SUPPRESS)
    for name, value in (("rounds", 7), ("batch", 32), ("length", 100), ("input", 128), ("units", 256), ("threads", 1)):
        p.add_argument(f"--{name}", type=int, default=value)
    p.add_argument("--seconds", type=float, default=3)
    a = p.parse_args()
    if a.side:
        return torch_side(a)
    a.rnnc = os.path.abspath(a.rnnc)
    with tempfile.TemporaryDirectory() as folder:
        with open(f"{folder}/m.rnn", "w") as f:
            f.write(MODEL.format(input=a.input, units=a.units))
        check_losses(a, folder)
        ours, theirs = [], []
        for k in range(a.rounds):
            r = subprocess.run([a.rnnc, "bench", f"{folder}/m.rnn", "--mode", "train", "--batch", str(a.batch), "--length", str(a.length), "--threads",
                                str(a.threads), "--seconds", str(a.seconds), "--json"], check=True, capture_output=True, text=True)
            ours.append(json.loads(r.stdout)["median_s"])
            r = subprocess.run([sys.executable, __file__, "--side", "torch", *sys.argv[1:]], check=True, capture_output=True, text=True)
            theirs.append(json.loads(r.stdout)["median_s"])
            print(f"round {k + 1}: rnnc {1e3 * ours[-1]:.1f} ms, PyTorch {1e3 * theirs[-1]:.1f} ms, PyTorch / rnnc {theirs[-1] / ours[-1]:.2f}")
        ratio = statistics.median(t / o for t, o in zip(theirs, ours))
        print(f"median: rnnc {1e3 * statistics.median(ours):.1f} ms, PyTorch {1e3 * statistics.median(theirs):.1f} ms, PyTorch / rnnc {ratio:.2f}")


if __name__ == "__main__":
    main()
