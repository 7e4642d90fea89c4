"""onnx_model.py: a row as ONNX's operator LSTM or GRU, for the two runtimes that read it. Needs the package onnx."""
import numpy as np
import onnx
from onnx import helper, numpy_helper
import child


def build(j, T):
    """T steps from a given state: inputs x [T, B, I], h0 (and c0) [1, B, H]; outputs y [T, 1, B, H], h (and c)."""
    lstm = j.cell == "lstm"
    W, U, b = child.gates(j.w, "h", "iofg" if lstm else "zrn")
    second = np.zeros_like(b)
    if not lstm:
        second[-j.H:] = j.w["h.cn"]
    arrays = {"W": W[None], "R": U[None], "B": np.concatenate([b, second])[None]}
    carried = ["h", "c"] if lstm else ["h"]

    def value(name, *shape):
        return helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, shape)
    node = helper.make_node("LSTM" if lstm else "GRU", ["x", "W", "R", "B", ""] + [f"{s}0" for s in carried], ["y", *carried], hidden_size=j.H,
                            **({} if lstm else {"linear_before_reset": 1}))
    graph = helper.make_graph([node], "row", [value("x", T, j.B, j.I)] + [value(f"{s}0", 1, j.B, j.H) for s in carried],
                              [value("y", T, 1, j.B, j.H)] + [value(s, 1, j.B, j.H) for s in carried],
                              [numpy_helper.from_array(np.ascontiguousarray(a), name) for name, a in arrays.items()])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 14)], ir_version=8).SerializeToString(), carried
