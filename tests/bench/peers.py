"""peers.py: who takes part, and how each is started. A peer is a row; what its process does stands in its own file."""
import importlib.util
import json
import os
import shutil
import subprocess
import sys
from collections import namedtuple
import numpy as np
import child

HERE = os.path.dirname(os.path.abspath(__file__))
Peer = namedtuple("Peer", "name mode cells start variant needs install")

ALL = None
HAND = ("lstm, layer norm", "lstm, peephole", "mingru", "output to hidden", "2 lstm, recurrent dropout")
LIBRARY = ("elman", "gru", "lstm")


def python(file):
    """A peer that is a Python program."""
    return lambda folder, j, build: [sys.executable, os.path.join(HERE, file), folder]


def built(build, name, *command):
    """A program made once, in the folder `build`."""
    path = os.path.join(build, name)
    if not os.path.exists(path):
        subprocess.run([*command[:-1], "-o", path, command[-1]], check=True)
    return path


# oneDNN's names of cells, its order of gates, and which of them have a second bias
ONEDNN = {"elman": ("elman", [""], False), "gru": ("gru", "zrn", True), "lstm": ("lstm", "ifgo", False),
          "lstm, peephole": ("peephole", "ifgo", False)}


def onednn(folder, j, build):
    program = built(build, "onednn", "g++", "-std=c++17", "-O3", "-march=native", "-ffast-math", "-fopenmp", os.path.join(HERE, "onednn.cpp"), "-ldnnl")
    cell, order, second = ONEDNN[j.cell]
    W, U, b = child.gates(j.w, "h", order)
    parts = [a.reshape(len(order), j.H, -1).transpose(2, 0, 1) for a in (W, U)] + [b]
    if second:
        parts.append(j.w["h.cn"])
    if cell == "peephole":
        parts += [j.w[f"h.v{gate}"] for gate in "ifo"]
    parts += [j.w.get("o.W", np.zeros((32, j.H))), j.w.get("o.b", np.zeros(32))]
    return [program, cell, j.mode, *map(str, (j.B, j.T, j.I, j.H, j.updates)), raw(folder, "w.raw", parts), raw(folder, "d.raw", [j.x, np.int32(j.y)])]


def loops(folder, j, build):
    flags = [f"-D{j.cell.upper()}", f"-DI={j.I}", f"-DH={j.H}"] + (["-DCOLUMNS"] if j.variant == "columns" else [])
    program = built(build, f"loops-{j.cell}-{j.I}-{j.H}-{j.variant}", "gcc", "-O3", "-march=native", "-ffast-math", "-mprefer-vector-width=512", *flags,
                    os.path.join(HERE, "loops.c"), "-lm")
    W, U, b = child.gates(j.w, "h", "ifgo" if j.cell == "lstm" else "rzn")
    rows = np.concatenate([W, U], 1)
    if j.cell == "gru":
        n = rows[2 * j.H:]
        rows = np.concatenate([rows[:2 * j.H], n * (np.arange(j.I + j.H) < j.I), n * (np.arange(j.I + j.H) >= j.I)])
        b = np.concatenate([b, j.w["h.cn"]])
    return [program, raw(folder, "w.raw", [rows.T if j.variant == "columns" else rows, b]), raw(folder, "d.raw", [j.x]), str(j.T)]


def raw(folder, name, arrays):
    path = os.path.join(folder, name)
    with open(path, "wb") as f:
        for a in arrays:
            f.write(np.ascontiguousarray(a, a.dtype if a.dtype == np.int32 else np.float32).tobytes())
    return path


def module(name):
    return lambda: importlib.util.find_spec(name) is not None


def header(name, program):
    return lambda: os.path.exists(f"/usr/include/{name}") and shutil.which(program) is not None


TORCH = (module("torch"), "pip install torch")
JAX = (module("jax"), "pip install jax")
DNNL = (header("dnnl.hpp", "g++"), "apt-get install g++ libdnnl-dev")
ORT = (lambda: module("onnxruntime")() and module("onnx")(), "pip install onnxruntime onnx")
OPENVINO = (lambda: module("openvino")() and module("onnx")(), "pip install openvino onnx")
GCC = (lambda: shutil.which("gcc") is not None, "apt-get install gcc")

PEERS = [
    #    name                    mode       cells                                      start                        variant
    Peer("PyTorch",              "train",   (*LIBRARY, "output to hidden, teacher forced", "lstm both ways, lengths differ"),
         python("peer_torch.py"), "own", *TORCH),
    Peer("PyTorch, packed",      "train",   ("lstm both ways, lengths differ",),       python("peer_torch.py"),       "packed", *TORCH),
    Peer("TorchScript",          "train",   HAND,                                      python("peer_torch.py"),       "script", *TORCH),
    Peer("torch.compile",        "train",   (*HAND, "output to hidden, teacher forced"), python("peer_torch.py"),     "compile", *TORCH),
    Peer("JAX",                  "train",   ALL,                                       python("peer_jax.py"),         "own", *JAX),
    Peer("JAX, associative",     "train",   ("mingru",),                               python("peer_jax.py"),         "associative", *JAX),
    Peer("oneDNN",               "train",   tuple(ONEDNN),                             onednn,                        "", *DNNL),
    Peer("oneDNN",               "forward", LIBRARY,                                   onednn,                        "", *DNNL),
    Peer("PyTorch",              "forward", ("gru", "lstm"),                           python("peer_torch.py"),       "own", *TORCH),
    Peer("JAX",                  "forward", ("gru", "lstm"),                           python("peer_jax.py"),         "own", *JAX),
    Peer("ONNX Runtime",         "forward", ("gru", "lstm"),                           python("peer_onnxruntime.py"), "", *ORT),
    Peer("OpenVINO",             "forward", ("gru", "lstm"),                           python("peer_openvino.py"),    "", *OPENVINO),
    Peer("C loops",              "step",    ("gru", "lstm"),                           loops,                         "rows", *GCC),
    Peer("C loops, by columns",  "step",    ("gru", "lstm"),                           loops,                         "columns", *GCC),
    Peer("ONNX Runtime",         "step",    ("gru", "lstm"),                           python("peer_onnxruntime.py"), "", *ORT),
]


def place(cpus, idle):
    """What a new process does first: onto these processors, and, if it is to disturb nobody, at idle priority."""
    def first():
        os.sched_setaffinity(0, cpus)
        if idle:
            os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
    return first


class Process:
    """A running peer, pinned to `cpus`. It waits between measurements. A polite one is at idle priority but while it is measured."""

    def __init__(self, peer, folder, j, build, cpus, polite=False):
        self.name, self.polite = peer.name, polite
        j.variant = peer.variant
        with open(f"{folder}/job.json", "w") as f:
            json.dump({k: v for k, v in vars(j).items() if isinstance(v, (int, float, str))}, f)
        n = str(j.threads)
        env = dict(os.environ, OMP_NUM_THREADS=n, MKL_NUM_THREADS=n, OPENBLAS_NUM_THREADS=n, JAX_PLATFORMS="cpu",
                   XLA_FLAGS=f"--xla_cpu_multi_thread_eigen={'true' if j.threads > 1 else 'false'} intra_op_parallelism_threads={n}")
        if j.updates == 1:
            env["TORCHINDUCTOR_FORCE_DISABLE_CACHES"] = "1"
        self.process = subprocess.Popen(peer.start(folder, j, build), env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=open(f"{folder}/{peer.name}.err", "w"), text=True, preexec_fn=place(cpus, polite))

    def answer(self):
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"{self.name} ended with code {self.process.wait()}")
        return json.loads(line)

    def priority(self, policy):
        for thread in os.listdir(f"/proc/{self.process.pid}/task") if self.polite else []:
            os.sched_setscheduler(int(thread), policy, os.sched_param(0))

    def measure(self, seconds):
        self.priority(os.SCHED_OTHER)
        self.process.stdin.write(f"{seconds}\n")
        self.process.stdin.flush()
        result = self.answer()
        self.priority(os.SCHED_IDLE)
        return result

    def close(self):
        self.process.kill()
        self.process.wait()
