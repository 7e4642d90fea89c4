"""weights.py: weights files for the tests, with nothing but numpy: Debian 12 has no package for safetensors.

The format: eight bytes with the header's length, a JSON header, the data."""
import json
import struct
import numpy as np

DTYPES = {"F64": np.float64, "F32": np.float32}


def save_file(tensors, path):
    """Arrays of float64 by name."""
    head, blob = {}, []
    at = 0
    for name, a in tensors.items():
        data = np.ascontiguousarray(a, dtype=np.float64).tobytes()
        head[name] = {"dtype": "F64", "shape": list(np.shape(a)), "data_offsets": [at, at + len(data)]}
        blob.append(data)
        at += len(data)
    text = json.dumps(head).encode()
    with open(path, "wb") as f:
        f.write(struct.pack("<Q", len(text)) + text + b"".join(blob))


def load_file(path):
    with open(path, "rb") as f:
        (length,) = struct.unpack("<Q", f.read(8))
        head, data = json.loads(f.read(length)), f.read()
    head.pop("__metadata__", None)
    return {name: np.frombuffer(data[slice(*e["data_offsets"])], DTYPES[e["dtype"]]).reshape(e["shape"]) for name, e in head.items()}
