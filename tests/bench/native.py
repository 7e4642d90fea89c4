"""native.py: the peers in C and C++: how they are built, and a row's weights and data as they want them, in the order of gates that each has."""
import os
import subprocess
import numpy as np
import child
from rows import CLASSES

HERE = os.path.dirname(os.path.abspath(__file__))


def built(build, name, *command):
    """A program made once, in the folder `build`."""
    path = os.path.join(build, name)
    if not os.path.exists(path):
        subprocess.run([*command[:-1], "-o", path, command[-1]], check=True)
    return path


def raw(folder, name, arrays):
    path = os.path.join(folder, name)
    with open(path, "wb") as f:
        for a in arrays:
            f.write(np.ascontiguousarray(a, a.dtype if a.dtype == np.int32 else np.float32).tobytes())
    return path


# oneDNN's names of cells, its order of gates, and which of them have a second bias
ONEDNN = {"elman": ("elman", [""], False), "gru": ("gru", "zrn", True), "lstm": ("lstm", "ifgo", False),
          "lstm, peephole": ("peephole", "ifgo", False)}


def onednn(folder, j, build):
    program = built(build, "onednn", "g++", "-std=c++17", "-O3", "-march=native", "-ffast-math", "-fopenmp", os.path.join(HERE, "onednn.cpp"),
                    "-ldnnl")
    cell, order, second = ONEDNN[j.cell]
    W, U, b = child.gates(j.w, "h", order)
    parts = [a.reshape(len(order), j.H, -1).transpose(2, 0, 1) for a in (W, U)] + [b]
    if second:
        parts.append(j.w["h.cn"])
    if cell == "peephole":
        parts += [j.w[f"h.v{gate}"] for gate in "ifo"]
    parts += [j.w.get("o.W", np.zeros((CLASSES, j.H))), j.w.get("o.b", np.zeros(CLASSES))]
    data = raw(folder, "d.raw", [j.x, np.int32(j.y)])
    return [program, cell, j.mode, *map(str, (j.B, j.T, j.I, j.H, j.updates)), raw(folder, "w.raw", parts), data]


def loops(folder, j, build):
    sizes = [f"-D{j.cell.upper()}", f"-DI={j.I}", f"-DH={j.H}"] + (["-DCOLUMNS"] if j.variant == "columns" else [])
    program = built(build, f"loops-{j.cell}-{j.I}-{j.H}-{j.variant}", "gcc", "-O3", "-march=native", "-ffast-math", "-mprefer-vector-width=512",
                    *sizes, os.path.join(HERE, "loops.c"), "-lm")
    W, U, b = child.gates(j.w, "h", "ifgo" if j.cell == "lstm" else "rzn")
    rows = np.concatenate([W, U], 1)
    if j.cell == "gru":
        n = rows[2 * j.H:]
        rows = np.concatenate([rows[:2 * j.H], n * (np.arange(j.I + j.H) < j.I), n * (np.arange(j.I + j.H) >= j.I)])
        b = np.concatenate([b, j.w["h.cn"]])
    return [program, raw(folder, "w.raw", [rows.T if j.variant == "columns" else rows, b]), raw(folder, "d.raw", [j.x]), str(j.T)]
