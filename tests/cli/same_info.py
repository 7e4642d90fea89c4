"""same_info.py INFO FULL: what rnnc info says must be what the compiled model's info says, where both say it."""
import json, sys

def word(value):
    """Of an initialiser the compiled model knows the name alone."""
    return value.split("(")[0] if isinstance(value, str) else value


info, full = (json.load(open(path)) for path in sys.argv[1:])
for key in ("name", "source", "hash", "precision", "axes", "draws"):
    assert info[key] == full[key], (key, info[key], full[key])
for key, fields in {
    "inputs": ("name", "role", "type", "shape", "time", "second", "drawn"),
    "outputs": ("name", "shape", "time", "second"),
    "states": ("name", "shape", "delay"),
    "parameters": ("path", "shape", "count", "init", "line"),
    "kept": ("path", "shape", "count"),
}.items():
    short = [{f: word(one[f]) for f in fields} for one in info[key]]
    long = [{f: word(one[f]) for f in fields} for one in full[key]]
    assert short == long, (key, short, long)
assert info["counts"]["elements"] == full["counts"]["elements"]
assert info["counts"]["weight_bytes"] == full["counts"]["weight_bytes"]
assert info["step"]["available"] == full["step"]["available"]
assert info["step"]["flops"] > 0
for name, value in info["settings"].items():
    assert name in full["settings"], name
