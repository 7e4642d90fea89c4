"""peers.py: who takes part. A peer is a row of PEERS; what its process does stands in its own file, peer_*.py, onednn.cpp or loops.c."""
import importlib.util
import os
import shutil
import sys
from collections import namedtuple
from native import ONEDNN, loops, onednn

# mode: what it measures; cells: of which rows; start: its command, of (the row's folder, its job, a folder for programs); needs: whether it
# is installed, install: what would do that
Peer = namedtuple("Peer", "name mode cells start variant needs install")

ALL = None
HAND = ("lstm, layer norm", "lstm, peephole", "mingru", "output to hidden", "2 lstm, recurrent dropout")
FORCED, BOTH_WAYS = "output to hidden, teacher forced", "lstm both ways, lengths differ"
LIBRARY = ("elman", "gru", "lstm")


def python(file):
    """A peer that is a Python program."""
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), file)
    return lambda folder, j, build: [sys.executable, path, folder]


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

T, J, O, V = (python(f"peer_{name}.py") for name in ("torch", "jax", "onnxruntime", "openvino"))
PEERS = [
    #    name                    mode       cells                               start    variant        needs, install
    Peer("PyTorch",              "train",   (*LIBRARY, FORCED, BOTH_WAYS),      T,       "own",         *TORCH),
    Peer("PyTorch, packed",      "train",   (BOTH_WAYS,),                       T,       "packed",      *TORCH),
    Peer("TorchScript",          "train",   HAND,                               T,       "script",      *TORCH),
    Peer("torch.compile",        "train",   (*HAND, FORCED),                    T,       "compile",     *TORCH),
    Peer("JAX",                  "train",   ALL,                                J,       "own",         *JAX),
    Peer("JAX, unrolled",        "train",   ("elman", "output to hidden"),      J,       "unrolled",    *JAX),
    Peer("JAX, associative",     "train",   ("mingru",),                        J,       "associative", *JAX),
    Peer("oneDNN",               "train",   tuple(ONEDNN),                      onednn,  "",            *DNNL),
    Peer("oneDNN",               "forward", LIBRARY,                            onednn,  "",            *DNNL),
    Peer("PyTorch",              "forward", ("gru", "lstm"),                    T,       "own",         *TORCH),
    Peer("JAX",                  "forward", ("gru", "lstm"),                    J,       "own",         *JAX),
    Peer("ONNX Runtime",         "forward", ("gru", "lstm"),                    O,       "",            *ORT),
    Peer("OpenVINO",             "forward", ("gru", "lstm"),                    V,       "",            *OPENVINO),
    Peer("C loops",              "step",    ("gru", "lstm"),                    loops,   "rows",        *GCC),
    Peer("C loops, by columns",  "step",    ("gru", "lstm"),                    loops,   "columns",     *GCC),
    Peer("ONNX Runtime",         "step",    ("gru", "lstm"),                    O,       "",            *ORT),
]
