"""roundtrip.py: files of numpy and safetensors through the runtime's readers and writers, and back.

    python3 tests/runtime/roundtrip.py PATH/runtime_files_test

Needs numpy; safetensors' part is left out, and said so, where that package is missing."""

import os
import subprocess
import sys
import tempfile

import numpy as np

try:
    from safetensors import numpy as safetensors
    from safetensors import safe_open
except ImportError:
    safetensors = None

TYPES = ["f4", "f8", "f2", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "b1"]


def copy(program, source, target):
    done = subprocess.run([program, "--copy", source, target], capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{source} -> {target}: exit code {done.returncode}: {done.stderr}")


def arrays():
    random = np.random.default_rng(0)
    for kind in TYPES:
        for shape in [(), (1,), (7,), (3, 4), (2, 3, 5), (0, 3), (2, 1, 2, 2)]:
            yield kind, np.asarray(random.standard_normal(shape) * 50).astype(kind)


def same(got, want, what):
    if got.dtype != want.dtype or got.shape != want.shape or got.tobytes() != want.tobytes():
        raise SystemExit(f"{what}: got {got.dtype} {got.shape}\n{got}\nwant {want.dtype} {want.shape}\n{want}")


def check_npy(program, folder):
    """C and Fortran order, both byte orders, header versions 1 to 3"""
    source, target = os.path.join(folder, "a.npy"), os.path.join(folder, "b.npy")
    count = 0
    for kind, array in arrays():
        for order in "<>":
            for layout in [np.ascontiguousarray, np.asfortranarray]:
                for version in [(1, 0), (2, 0), (3, 0)]:
                    laid = layout(array).reshape(array.shape, order="A").astype(order + kind)
                    with open(source, "wb") as out:
                        np.lib.format.write_array(out, laid, version)
                    copy(program, source, target)
                    same(np.load(target), array, f"{kind} {array.shape} {order} {version}")
                    count += 1
    return count


def check_npz(program, folder):
    source, target = os.path.join(folder, "a.npz"), os.path.join(folder, "b.npz")
    named = {f"{kind}.{i}": array for i, (kind, array) in enumerate(arrays())}
    for save in [np.savez, np.savez_compressed]:
        save(source, **named)
        copy(program, source, target)
        with np.load(target) as got:
            if sorted(got.files) != sorted(named):
                raise SystemExit(f"npz: {got.files}")
            for name, array in named.items():
                same(got[name], array, name)
    return 2 * len(named)


def check_safetensors(program, folder):
    source, target, back = (os.path.join(folder, name) for name in ["a.safetensors", "b.safetensors", "c.npz"])
    named = {f"{kind}.{i}": array for i, (kind, array) in enumerate(arrays())}
    metadata = {"coding": '{"x":["a","\\u00e9"]}', "empty": ""}
    safetensors.save_file(named, source, metadata)
    copy(program, source, target)
    got = safetensors.load_file(target)
    with safe_open(target, "np") as opened:
        if opened.metadata() != metadata:
            raise SystemExit(f"metadata: {opened.metadata()}")
    copy(program, target, back)
    with np.load(back) as arrays_back:
        for name, array in named.items():
            same(got[name], array, name)
            same(arrays_back[name], array, name)
    return 2 * len(named)


def main():
    program = os.path.abspath(sys.argv[1])
    with tempfile.TemporaryDirectory() as folder:
        print(check_npy(program, folder), ".npy files agree")
        print(check_npz(program, folder), "arrays in .npz agree")
        if safetensors:
            print(check_safetensors(program, folder), "arrays in safetensors agree")
        else:
            print("safetensors is not installed: left out")


main()
